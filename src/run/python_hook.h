// How a Python program that knows nothing of Headrace says what it ran with: a folder is put in
// front of PYTHONPATH whose sitecustomize.py makes the interpreter write its modules, packages and
// seeds as JSON when it ends. A program killed by a signal, or one started with -I, -E or -S, says
// nothing.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "spool/directory.h"

namespace headrace::run {

extern const std::string_view kSitecustomizePy;
extern const std::string_view kEnvironmentPy;

class PythonHook {
 public:
  // Places the hook in `.headrace/hook` (once for each version of it) and makes a folder for the
  // answers of the run called `name`. Errors: kIo.
  static Result<PythonHook> place(const Directory& directory, const std::string& name);
  PythonHook(PythonHook&&) = default;

  // "NAME=value" for the program's environment.
  std::vector<std::string> environment() const;

  // What one interpreter said, as the JSON it wrote.
  struct Answer {
    std::string summary;   // {"python": ..., "seeds": ..., ...}
    std::string packages;  // {"packages": ..., "modules": ...}
  };
  static constexpr size_t kMaxAnswers = 64;
  static constexpr size_t kMaxAnswerBytes = 8 << 20;
  // The answers there are, that of process `first` in front, and removes the folder.
  std::vector<Answer> collect(int first);

 private:
  PythonHook(std::filesystem::path hook, std::filesystem::path answers)
      : hook_(std::move(hook)), answers_(std::move(answers)) {}
  std::filesystem::path hook_;
  std::filesystem::path answers_;
};

}  // namespace headrace::run

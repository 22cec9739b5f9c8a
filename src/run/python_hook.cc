#include "run/python_hook.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>
#include <unistd.h>

#include "base/sha256.h"

namespace headrace::run {
namespace {

namespace fs = std::filesystem;

// Whole or not at all, whoever else is placing it.
Status place_file(const fs::path& path, std::string_view text) {
  std::error_code error;
  if (fs::exists(path, error)) return {};
  const fs::path part = path.string() + "." + std::to_string(getpid()) + ".part";
  {
    std::ofstream file(part, std::ios::binary);
    file << text;
    if (!file.flush()) return io_error("cannot write " + part.string(), EIO);
  }
  fs::rename(part, path, error);
  return error ? io_error("cannot write " + path.string(), error.value()) : Status();
}

// The file's bytes; empty when it cannot be read or is too long.
std::string read_small(const fs::path& path) {
  std::error_code error;
  const uintmax_t size = fs::file_size(path, error);
  if (error || size > PythonHook::kMaxAnswerBytes) return {};
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

Result<PythonHook> PythonHook::place(const Directory& directory, const std::string& name) {
  const std::string version =
      hex(sha256(std::string(kSitecustomizePy) + std::string(kEnvironmentPy))).substr(0, 12);
  const fs::path hook = directory.root / "hook" / version;
  const fs::path answers = directory.root / "hook" / "answers" / name;
  std::error_code error;
  fs::create_directories(hook, error);
  if (!error) fs::create_directories(answers, error);
  if (error) return io_error("cannot create " + answers.string(), error.value());
  HEADRACE_RETURN_IF_ERROR(place_file(hook / "_headrace_environment.py", kEnvironmentPy));
  HEADRACE_RETURN_IF_ERROR(place_file(hook / "sitecustomize.py", kSitecustomizePy));
  return PythonHook(hook, answers);
}

std::vector<std::string> PythonHook::environment() const {
  const char* set = std::getenv("PYTHONPATH");
  const std::string rest = set != nullptr && *set != '\0' ? ":" + std::string(set) : "";
  return {"PYTHONPATH=" + hook_.string() + rest, "HEADRACE_RUN_FACTS=" + answers_.string()};
}

std::vector<PythonHook::Answer> PythonHook::collect(int first) {
  constexpr std::string_view kEnd = ".summary.json";
  std::vector<std::string> processes;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(answers_, error)) {
    const std::string name = file.path().filename();
    if (name.ends_with(kEnd)) processes.push_back(name.substr(0, name.size() - kEnd.size()));
  }
  const std::string of_child = std::to_string(first);
  std::sort(processes.begin(), processes.end(), [&](const auto& a, const auto& b) {
    return std::pair(a != of_child, a) < std::pair(b != of_child, b);
  });
  if (processes.size() > kMaxAnswers) processes.resize(kMaxAnswers);
  std::vector<Answer> out;
  for (const std::string& process : processes) {
    out.push_back({read_small(answers_ / (process + std::string(kEnd))),
                   read_small(answers_ / (process + ".packages.json"))});
  }
  fs::remove_all(answers_, error);
  return out;
}

}  // namespace headrace::run

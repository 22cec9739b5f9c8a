// A file that is handed on: written beside its place, named when it is whole, and never instead of
// another one unless that was asked for.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/status.h"

namespace headrace::exchange {

// kInvalidArgument when `path` is there and `force` is not.
Status may_write(const std::filesystem::path& path, bool force);

class Target {
 public:
  // Errors: as may_write, and kIo. A Target that is not finished leaves nothing behind.
  static Result<Target> open(const std::filesystem::path& path, bool force);
  Target(Target&&) noexcept = default;
  Target& operator=(Target&&) = delete;
  ~Target();

  // An error shows in finish().
  void write(std::string_view bytes);
  Status finish();

 private:
  struct Close {
    void operator()(FILE* file) const { static_cast<void>(std::fclose(file)); }
  };
  Target(std::filesystem::path path, std::filesystem::path part, FILE* file)
      : path_(std::move(path)), part_(std::move(part)), file_(file) {}
  std::filesystem::path path_;
  std::filesystem::path part_;
  std::unique_ptr<FILE, Close> file_;
  int error_ = 0;
};

}  // namespace headrace::exchange

#include "exchange/target.h"

#include <cerrno>
#include <system_error>
#include <utility>

namespace headrace::exchange {

Status may_write(const std::filesystem::path& path, bool force) {
  std::error_code error;
  if (force || !std::filesystem::exists(std::filesystem::symlink_status(path, error))) return {};
  return invalid_argument(path.string() +
                          " is there already and is left as it is; name another "
                          "place, or say --force to replace it");
}

Result<Target> Target::open(const std::filesystem::path& path, bool force) {
  HEADRACE_RETURN_IF_ERROR(may_write(path, force));
  std::filesystem::path part = path;
  part += ".part";
  FILE* file = std::fopen(part.c_str(), "wbe");
  if (file == nullptr) return io_error("cannot write " + part.string(), errno);
  return Target(path, std::move(part), file);
}

Target::~Target() {
  if (file_ == nullptr) return;
  file_.reset();
  std::error_code ignored;
  std::filesystem::remove(part_, ignored);
}

void Target::write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size() && error_ == 0) {
    error_ = errno;
  }
}

Status Target::finish() {
  if (std::fflush(file_.get()) != 0 && error_ == 0) error_ = errno;
  if (error_ != 0) return io_error("cannot write " + part_.string(), error_);
  file_.reset();
  std::error_code error;
  std::filesystem::rename(part_, path_, error);
  return error ? io_error("cannot name " + path_.string(), error.value()) : Status();
}

}  // namespace headrace::exchange

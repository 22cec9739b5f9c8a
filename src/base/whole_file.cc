#include "base/whole_file.h"

#include <cerrno>
#include <system_error>
#include <utility>

namespace headrace {

std::filesystem::path written_first(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::file_status there = std::filesystem::symlink_status(path, error);
  if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there)) return path;
  std::filesystem::path part = path;
  part += ".part";
  return part;
}

Status name_whole(const std::filesystem::path& first, const std::filesystem::path& path) {
  if (first == path) return {};
  std::error_code error;
  std::filesystem::rename(first, path, error);
  return error ? io_error("cannot name " + path.string(), error.value()) : Status();
}

Result<WholeFile> WholeFile::open(const std::filesystem::path& path) {
  std::filesystem::path first = written_first(path);
  FILE* file = std::fopen(first.c_str(), "wbe");
  if (file == nullptr) return io_error("cannot write " + path.string(), errno);
  return WholeFile(path, std::move(first), file);
}

WholeFile::~WholeFile() {
  if (file_ == nullptr) return;
  file_.reset();
  if (first_ == path_) return;
  std::error_code ignored;
  std::filesystem::remove(first_, ignored);
}

bool WholeFile::write(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size() && error_ == 0) {
    error_ = errno;
  }
  return error_ == 0;
}

Status WholeFile::finish() {
  if (std::fflush(file_.get()) != 0 && error_ == 0) error_ = errno;
  if (error_ != 0) return io_error("cannot write " + path_.string(), error_);
  HEADRACE_RETURN_IF_ERROR(name_whole(first_, path_));
  file_.reset();
  return {};
}

}  // namespace headrace

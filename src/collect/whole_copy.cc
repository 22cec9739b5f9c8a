#include "collect/whole_copy.h"

#include <system_error>
#include <unistd.h>

namespace headrace::collect {
namespace fs = std::filesystem;

Result<bool> copy_whole(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (fs::exists(to, error)) return false;
  fs::create_directories(to.parent_path(), error);
  const fs::path part = to.string() + "." + std::to_string(getpid()) + ".part";
  fs::copy_file(from, part, fs::copy_options::overwrite_existing, error);
  if (error == std::errc::no_such_file_or_directory && !fs::exists(from)) {
    return not_found(from.string() + " is not there any more");
  }
  if (!error) {
    std::error_code ignored;  // a time is no reason to fail
    fs::last_write_time(part, fs::last_write_time(from, ignored), ignored);
    fs::rename(part, to, error);
  }
  if (!error) return true;
  std::error_code ignored;
  fs::remove(part, ignored);
  return io_error("cannot copy " + from.string() + " to " + to.string(), error.value());
}

Result<uint64_t> copy_missing(const fs::path& from, const fs::path& to) {
  uint64_t copied = 0;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(from, error)) {
    if (!entry.is_regular_file(error) || entry.path().extension() == ".part") continue;
    const Result<bool> one = copy_whole(entry.path(), to / entry.path().lexically_relative(from));
    if (!one.ok() && one.status().code() != StatusCode::kNotFound) return one.status();
    if (one.ok() && *one) ++copied;
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return io_error("cannot read " + from.string(), error.value());
  }
  return copied;
}

Result<uint64_t> copy_segments(const std::vector<fs::path>& segments, const fs::path& to) {
  uint64_t copied = 0;
  for (fs::path from : segments) {
    Result<bool> one = copy_whole(from, to / from.filename());
    if (one.status().code() == StatusCode::kNotFound && from.extension() == ".open") {
      from.replace_extension(".seg");
      one = copy_whole(from, to / from.filename());
    }
    // Another collector may have deleted it by its age.
    if (!one.ok() && one.status().code() != StatusCode::kNotFound) return one.status();
    if (one.ok() && *one) ++copied;
  }
  return copied;
}

}  // namespace headrace::collect

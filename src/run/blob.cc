#include "run/blob.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>

#include "base/sha256.h"
#include "capture/task.h"
#include "capture/workflow.h"

namespace headrace::run {
namespace {

namespace fs = std::filesystem;

std::string relative_path(const std::string& hash) {
  return "blobs/" + hash.substr(0, 2) + "/" + hash;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace

Result<std::string> write_blob(const Directory& directory, std::string_view bytes) {
  const std::string hash = hex(sha256(bytes));
  const fs::path path = directory.root / relative_path(hash);
  std::error_code error;
  if (fs::exists(path, error)) return hash;
  fs::create_directories(path.parent_path(), error);
  if (error) return io_error("cannot create " + path.parent_path().string(), error.value());
  const fs::path part = path.string() + "." + std::to_string(getpid()) + ".part";
  const int fd = open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return io_error("cannot write " + part.string(), errno);
  const bool written = write_all(fd, bytes);
  const int failure = errno;
  close(fd);
  if (!written) {
    fs::remove(part, error);
    return io_error("cannot write " + part.string(), failure);
  }
  fs::rename(part, path, error);
  if (error) return io_error("cannot write " + path.string(), error.value());
  return hash;
}

Result<Uuid> record_blob(const Directory& directory, std::string_view kind, std::string_view name,
                         std::string_view media_type, std::string_view bytes) {
  using capture::name_id;
  const Result<std::string> hash = write_blob(directory, bytes);
  if (!hash.ok()) return hash.status();
  const Uuid id = capture::named_object_id(kind, name, *hash);
  const Sha256Digest digest = sha256(bytes);
  capture::Fields fields;
  fields.add_string(Role::kAttribute, name_id("name"), name);
  fields.add_string(Role::kAttribute, name_id("path"), relative_path(*hash));
  fields.add_bytes(Role::kAttribute, name_id("sha256"),
                   {reinterpret_cast<const char*>(digest.data()), digest.size()});
  fields.add_int(Role::kAttribute, name_id("size_bytes"), static_cast<int64_t>(bytes.size()));
  fields.add_string(Role::kAttribute, name_id("media_type"), media_type);
  capture::record_object(id, kind, fields);
  return id;
}

}  // namespace headrace::run

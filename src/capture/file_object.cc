#include "capture/file_object.h"

#include <system_error>

#include "base/sha256.h"
#include "capture/task.h"
#include "capture/workflow.h"

namespace headrace::capture {
namespace fs = std::filesystem;

Result<Uuid> record_file(const fs::path& path, std::string_view kind, Fields attributes) {
  std::error_code error;
  const fs::path absolute = fs::canonical(path, error);
  if (error == std::errc::no_such_file_or_directory) {
    return not_found("no file " + path.string() + "; record it after it is written");
  }
  if (error) return io_error("cannot find " + path.string(), error.value());
  if (!fs::is_regular_file(absolute, error)) {
    return invalid_argument(path.string() + " is no regular file; record the files in it");
  }
  const Result<FileDigest> digest = digest_file(absolute);
  if (!digest.ok()) return digest.status();
  const Uuid id = file_object_id(absolute.native(), hex(digest->sha256));
  attributes.replace_existing();
  const auto& sha256 = digest->sha256;
  attributes.add_string(Role::kAttribute, name_id("name"), absolute.filename().native());
  attributes.add_string(Role::kAttribute, name_id("path"), absolute.native());
  attributes.add_bytes(Role::kAttribute, name_id("sha256"),
                       {reinterpret_cast<const char*>(sha256.data()), sha256.size()});
  attributes.add_int(Role::kAttribute, name_id("size_bytes"),
                     static_cast<int64_t>(digest->size_bytes));
  record_object(id, kind, attributes);
  return id;
}

}  // namespace headrace::capture

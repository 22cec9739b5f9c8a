#include "collect/unused_blobs.h"

#include <string>
#include <system_error>
#include <unordered_set>
#include <vector>

#include "store/texts.h"

namespace headrace::collect {
namespace fs = std::filesystem;

Result<std::vector<fs::path>> unused_blobs(const Directory& directory,
                                           const store::Connection& connection) {
  std::vector<fs::path> out;
  const Result<int64_t> running = connection.integer(
      "SELECT count(*) FROM producer_row WHERE state = 'running' AND facts IS NOT NULL");
  if (!running.ok()) return running.status();
  if (*running > 0) return out;
  const Result<std::vector<std::string>> paths = store::texts(
      connection,
      "SELECT path FROM object_row WHERE starts_with(path, 'blobs/') UNION "
      "SELECT attributes->>'$.blob' FROM object_row WHERE (attributes->>'$.blob') IS NOT NULL");
  if (!paths.ok()) return paths.status();
  const std::unordered_set<std::string> used(paths->begin(), paths->end());
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(directory.blobs(), error)) {
    if (!entry.is_regular_file(error) || entry.path().extension() == ".part") continue;
    if (used.contains(entry.path().lexically_relative(directory.root).generic_string())) continue;
    out.push_back(entry.path());
  }
  return out;
}

}  // namespace headrace::collect

#include "collect/foreign_folder.h"

#include <algorithm>
#include <system_error>

#include "spool/segment_reader.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> segments_in(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const fs::path ending = entry.path().extension();
    if (ending == ".seg" || ending == ".open") out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

Result<ForeignFolder> look_at(const fs::path& path) {
  std::error_code error;
  ForeignFolder out;
  if (!fs::exists(path, error)) return not_found("there is nothing at " + path.string());
  if (fs::is_regular_file(path, error)) {
    out.store = path;
    return out;
  }
  const fs::path inside = path / ".headrace";
  const fs::path root =
      path.filename() != ".headrace" && fs::is_directory(inside, error) ? inside : path;
  const Directory directory{root};
  if (fs::exists(directory.store(), error)) out.store = directory.store();
  if (!out.store.empty() || fs::is_directory(directory.spool(), error)) {
    out.root = root;
    for (const SegmentFile& file : list_segments(directory)) out.segments.push_back(file.path);
    return out;
  }
  out.segments = segments_in(path);
  if (!out.segments.empty()) return out;
  return not_found("there is nothing of headrace in " + path.string() +
                   ": no .headrace, no store.duckdb, no spool, no segments");
}

}  // namespace headrace::collect

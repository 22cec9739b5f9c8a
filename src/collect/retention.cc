#include "collect/retention.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <unordered_set>
#include <vector>

#include "spool/segment_reader.h"

namespace headrace::collect {

namespace {

// Names of the last sealed segment of each producer that has not ended: its dictionary is needed to
// read the ring that the producer may leave behind.
std::unordered_set<std::string> newest_of_unended(std::vector<SegmentFile> files,
                                                  const store::Connection& connection) {
  std::erase_if(files, [](const SegmentFile& file) { return !file.sealed; });
  std::unordered_set<std::string> out;
  std::unordered_set<ProducerId> ended;
  Result<store::QueryResult> rows =
      connection.query("SELECT uid FROM producer_row WHERE state <> 'running'");
  while (rows.ok() && rows->next()) {
    for (size_t r = 0; r < rows->chunk().rows(); ++r) {
      ended.insert(static_cast<ProducerId>(rows->chunk().integer(0, r)));
    }
  }
  for (size_t i = 0; i < files.size(); ++i) {
    const bool is_last = i + 1 == files.size() || files[i + 1].producer != files[i].producer;
    if (is_last && !ended.contains(files[i].producer)) out.insert(files[i].path.stem().string());
  }
  return out;
}

}  // namespace

uint64_t delete_old_segments(const Directory& directory, const store::Connection& connection,
                             uint64_t kept_bytes) {
  std::vector<SegmentFile> files = list_segments(directory);
  uint64_t total = 0;
  for (const SegmentFile& file : files) total += file.sealed ? file.size_bytes : 0;
  if (total <= kept_bytes) return 0;
  Result<store::QueryResult> rows =
      connection.query("SELECT name FROM segment WHERE sealed AND resume_at >= size_bytes");
  if (!rows.ok()) return 0;
  std::unordered_set<std::string> folded;
  while (rows->next()) {
    for (size_t r = 0; r < rows->chunk().rows(); ++r) folded.emplace(rows->chunk().text(0, r));
  }
  const std::unordered_set<std::string> newest = newest_of_unended(files, connection);
  std::erase_if(files, [&](const SegmentFile& file) {
    const std::string name = file.path.stem().string();
    return !file.sealed || !folded.contains(name) || newest.contains(name);
  });
  std::vector<std::pair<std::filesystem::file_time_type, const SegmentFile*>> by_age;
  for (const SegmentFile& file : files) {
    std::error_code error;
    by_age.emplace_back(std::filesystem::last_write_time(file.path, error), &file);
  }
  std::sort(by_age.begin(), by_age.end());
  uint64_t deleted = 0;
  for (const auto& [time, file] : by_age) {
    if (total <= kept_bytes) break;
    std::error_code error;
    if (!std::filesystem::remove(file->path, error)) continue;
    total -= file->size_bytes;
    ++deleted;
  }
  return deleted;
}

}  // namespace headrace::collect

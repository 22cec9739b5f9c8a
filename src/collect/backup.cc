#include "collect/backup.h"

#include <fcntl.h>
#include <map>
#include <string>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "collect/whole_copy.h"
#include "spool/segment_reader.h"
#include "store/held_store.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

Status check_free(const fs::path& to) {
  std::error_code error;
  if (!fs::exists(to, error)) return {};
  if (fs::is_directory(to, error) && fs::is_empty(to, error)) return {};
  return invalid_argument(to.string() + " is there already, and a backup overwrites nothing");
}

// All but the store. Blobs last: a record comes after the bytes that it speaks of.
Status copy_rest(const Directory& from, const Directory& to, BackedUp& out) {
  std::vector<fs::path> segments;
  for (const SegmentFile& file : list_segments(from)) segments.push_back(file.path);
  HEADRACE_RETURN_IF_ERROR(create_directory(to));
  Result<uint64_t> copied = copy_segments(segments, to.spool());
  if (!copied.ok()) return copied.status();
  out.segments = *copied;
  copied = copy_missing(from.quarantine(), to.quarantine());
  if (!copied.ok()) return copied.status();
  copied = copy_missing(from.blobs(), to.blobs());
  if (!copied.ok()) return copied.status();
  out.blobs = *copied;
  const char* words = "amendments.jsonl";
  const Result<bool> said = copy_whole(from.root / words, to.root / words);
  return said.status().code() == StatusCode::kNotFound ? Status() : said.status();
}

Status check_copy(const fs::path& store, const std::map<std::string, int64_t>& expected) {
  const Result<store::HeldStore> copy = store::HeldStore::open(store, {});
  if (!copy.ok()) return copy.status();
  const Result<std::map<std::string, int64_t>> rows = copy->row_counts();
  if (!rows.ok()) return rows.status();
  for (const auto& [table, count] : expected) {
    const auto found = rows->find(table);
    const int64_t is = found == rows->end() ? 0 : found->second;
    if (is == count) continue;
    return corrupt("the copy has " + std::to_string(is) + " rows in " + table + ", the store " +
                   std::to_string(count));
  }
  return {};
}

// Everything of that file system to the medium, and how much the folder takes.
Status settle(const fs::path& folder, BackedUp& out) {
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
    if (entry.is_regular_file(error)) out.bytes += entry.file_size(error);
  }
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return io_error("cannot open " + folder.string(), errno);
  const int failed = syncfs(fd) == 0 ? 0 : errno;
  close(fd);
  return failed == 0 ? Status() : io_error("cannot write " + folder.string(), failed);
}

Status fill(const Directory& from, const Directory& to, const OpenOptions& options, BackedUp& out) {
  // What is new comes along as segments where it cannot be folded now.
  if (const Status folded = open_folded(from, options).status(); !folded.ok()) return folded;
  Result<store::HeldStore> held = store::HeldStore::open(from.store(), options.store);
  if (!held.ok()) return held.status();
  Result<std::map<std::string, int64_t>> rows = held->row_counts();
  if (!rows.ok()) return rows.status();
  out.tasks = (*rows)["task_slots"] + (*rows)["open_task"];
  out.workflows = (*rows)["workflow_row"];
  HEADRACE_RETURN_IF_ERROR(copy_rest(from, to, out));
  HEADRACE_RETURN_IF_ERROR(std::move(*held).copy_to(to.store()));
  HEADRACE_RETURN_IF_ERROR(check_copy(to.store(), *rows));
  return settle(to.root, out);
}

}  // namespace

Result<BackedUp> back_up(const Directory& directory, const fs::path& to,
                         const OpenOptions& options) {
  HEADRACE_RETURN_IF_ERROR(check_free(to));
  std::error_code error;
  const fs::path whole = fs::absolute(to, error).lexically_normal();
  const fs::path name = whole.has_filename() ? whole : whole.parent_path();
  const Directory part{name.string() + "." + std::to_string(getpid()) + ".part"};
  fs::remove_all(part.root, error);
  BackedUp out;
  Status done = fill(directory, part, options, out);
  if (done.ok()) {
    fs::rename(part.root, name, error);
    if (error) done = io_error("cannot name the backup " + name.string(), error.value());
  }
  if (done.ok()) return out;
  fs::remove_all(part.root, error);
  return done.with_context("no backup was made");
}

}  // namespace headrace::collect

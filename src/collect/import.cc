#include "collect/import.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <system_error>
#include <unistd.h>

#include "collect/adopt.h"
#include "collect/foreign_folder.h"
#include "collect/same_source.h"
#include "collect/whole_copy.h"
#include "energy/attribute.h"
#include "spool/segment_reader.h"
#include "store/held_store.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStaging = "incoming-";

// What an import that was killed has left.
void clear_abandoned(const Directory& directory) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory.root, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(kStaging)) continue;
    pid_t pid = 0;
    std::from_chars(name.data() + kStaging.size(), name.data() + name.size(), pid);
    const bool is_dead = pid <= 0 || (kill(pid, 0) != 0 && errno == ESRCH);
    if (is_dead || pid == getpid()) fs::remove_all(entry.path(), error);
  }
}

// A folder `.headrace` of our own, in which the other one's records become one store.
class Staging {
 public:
  explicit Staging(const Directory& directory)
      : directory_{directory.root / (std::string(kStaging) + std::to_string(getpid()))} {}
  ~Staging() {
    std::error_code error;
    fs::remove_all(directory_.root, error);
  }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  const Directory& directory() const { return directory_; }
  Status fill(const ForeignFolder& other, const OpenOptions& options) const;

 private:
  Status copy_store(const fs::path& from, const OpenOptions& options) const;
  Directory directory_;
};

Status Staging::copy_store(const fs::path& from, const OpenOptions& options) const {
  Result<store::HeldStore> held = store::HeldStore::open(from, options.store);
  if (!held.ok()) {
    if (held.status().code() != StatusCode::kCorrupt) return held.status();
    return held.status().with_advice(
        "run headrace doctor there first, or import the folder of its segments");
  }
  return std::move(*held).copy_to(directory_.store());
}

Status Staging::fill(const ForeignFolder& other, const OpenOptions& options) const {
  HEADRACE_RETURN_IF_ERROR(create_directory(directory_));
  if (!other.root.empty()) {
    const Directory there{other.root};
    const Result<uint64_t> kept = copy_missing(there.quarantine(), directory_.quarantine());
    if (!kept.ok()) return kept.status();
    const fs::path words = "amendments.jsonl";
    const Result<bool> said = copy_whole(there.root / words, directory_.root / words);
    if (!said.ok() && said.status().code() != StatusCode::kNotFound) return said.status();
  }
  if (!other.store.empty()) HEADRACE_RETURN_IF_ERROR(copy_store(other.store, options));
  const Result<uint64_t> segments = copy_segments(other.segments, directory_.spool());
  if (!segments.ok()) return segments.status();
  OpenOptions whole = options;
  whole.report = nullptr;
  whole.fold.may_delete_segments = false;
  return open_for_change(directory_, whole).status();
}

// The segments that were folded there come along, so that this store can be built again too.
uint64_t keep_segments(const Directory& from, const Directory& to) {
  uint64_t kept = 0;
  std::error_code error;
  for (const SegmentFile& file : list_segments(from)) {
    const fs::path sealed = to.spool() / (file.path.stem().string() + ".seg");
    const fs::path open = to.spool() / (file.path.stem().string() + ".open");
    if (file.path.parent_path() != from.spool() || fs::exists(sealed, error)) continue;
    if (!file.sealed && fs::exists(open, error) && fs::file_size(open, error) >= file.size_bytes) {
      continue;
    }
    fs::rename(file.path, file.sealed ? sealed : open, error);
    if (error) continue;
    if (file.sealed) fs::remove(open, error);
    ++kept;
  }
  return kept;
}

Status check_other(const Directory& directory, const ForeignFolder& other) {
  std::error_code error;
  const bool is_same =
      (!other.root.empty() && fs::equivalent(other.root, directory.root, error)) ||
      (!other.store.empty() && fs::equivalent(other.store, directory.store(), error));
  if (!is_same) return {};
  return invalid_argument("that is this folder itself, " + directory.root.string());
}

}  // namespace

Result<Imported> import_folder(const Directory& directory, const fs::path& path,
                               const OpenOptions& options) {
  const Result<ForeignFolder> other = look_at(path);
  if (!other.ok()) return other.status();
  HEADRACE_RETURN_IF_ERROR(check_other(directory, *other));
  HEADRACE_RETURN_IF_ERROR(create_directory(directory));
  Imported out;
  if (!other->root.empty() && has_dead_rings(Directory{other->root}, Liveness())) {
    out.notes.push_back("what killed processes had recorded last is not in the segments of " +
                        path.string() + " yet; run headrace --dir " + path.string() +
                        " collect, and import again");
  }
  clear_abandoned(directory);
  const Staging staging(directory);
  HEADRACE_RETURN_IF_ERROR(staging.fill(*other, options));
  if (!other->root.empty()) {
    // Before the records that speak of them.
    const Result<uint64_t> blobs = copy_missing(Directory{other->root}.blobs(), directory.blobs());
    if (!blobs.ok()) return blobs.status();
    out.blobs = *blobs;
  }
  Result<store::Store> store = open_for_change(directory, options);
  if (!store.ok()) return store.status();
  if (!store->note().empty()) out.notes.push_back(store->note());
  const Result<std::vector<SameSource>> left_out =
      leave_out_same_sources(store->connection(), staging.directory());
  if (!left_out.ok()) return left_out.status().with_context("cannot compare foreign sources");
  for (const SameSource& one : *left_out) out.notes.push_back(sentence(one));
  const Result<uint64_t> kept =
      copy_missing(staging.directory().quarantine(), directory.quarantine());
  if (!kept.ok()) return kept.status();
  const Result<store::Merged> merged = store::merge(*store, staging.directory().store());
  if (!merged.ok()) return merged.status();
  out.merged = *merged;
  out.segments = keep_segments(staging.directory(), directory);
  if (const Result<energy::Attributed> done = energy::attribute(*store); !done.ok()) {
    out.notes.push_back(done.status().message());
  }
  return out;
}

}  // namespace headrace::collect

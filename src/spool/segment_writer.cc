#include "spool/segment_writer.h"

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <new>
#include <utility>

#include "base/clock.h"

namespace headrace {
namespace {

constexpr uint64_t kReserveStep = 256 * 1024;
constexpr uint64_t kReserveMost = uint64_t{16} << 20;
constexpr uint64_t kMeasureAgain_ns = 60'000'000'000;
constexpr int64_t kMeasureSoonest_ns = 1'000'000'000;
constexpr int kNamesTried = 4096;
// A sync that fails is due again after this long, doubled each time.
constexpr int64_t kSyncPause_ns = 10'000'000;
constexpr int64_t kSyncPauseMost_ns = 5'000'000'000;
// Frames remembered for the case that a sync fails.
constexpr uint64_t kUnsyncedBytes = uint64_t{8} << 20;

constexpr uint64_t round_up(uint64_t n, uint64_t to) { return (n + to - 1) / to * to; }

const char* advice_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNoSpace:
    case Refusal::kDiskQuota:
      return "free some, or set HEADRACE_SPOOL_FALLBACK to a folder with room";
    case Refusal::kReadOnly:
      return "set HEADRACE_DIR, or HEADRACE_SPOOL_FALLBACK, to a folder you may write";
    case Refusal::kSpoolQuota:
      return "fold and delete old segments (any headrace command folds), or raise "
             "HEADRACE_SPOOL_QUOTA";
    case Refusal::kInputOutput: break;
  }
  return "see the kernel's log; set HEADRACE_DIR, or HEADRACE_SPOOL_FALLBACK, to another place";
}

}  // namespace

SegmentWriter::SegmentWriter(Directory directory, ProducerId producer,
                             std::function<void()> preamble, SpoolPolicy policy, FileSystem& files)
    : directory_(std::move(directory)),
      producer_(producer),
      preamble_(std::move(preamble)),
      policy_(std::move(policy)),
      files_(files) {
  places_.emplace_back().folder = directory_.spool();
  if (!policy_.fallback.empty()) {
    places_.emplace_back().folder = fallback_spool(directory_, policy_.fallback);
  }
}

SegmentWriter::~SegmentWriter() = default;

int64_t SegmentWriter::now_ns() const {
  return policy_.monotonic_ns ? policy_.monotonic_ns() : now_monotonic_ns();
}

void SegmentWriter::place(FrameHeader header, std::string_view payload, std::string& out) const {
  const uint64_t at = position_ + out.size();
  const uint64_t left = kGridBytes - at % kGridBytes;
  // A frame must not cross a grid line; zeros fill the rest, which no frame begins with.
  if (sizeof(FrameHeader) + payload.size() > left) out.append(left, '\0');
  append_frame(out, header, payload);
}

void SegmentWriter::write_meta(std::string_view payload, uint32_t records) {
  FrameHeader header;
  header.flags = kFrameIsMeta;
  header.producer = producer_;
  header.ring = kMetaRing;
  header.records = records;
  place(header, payload, meta_);
}

// --- Places ------------------------------------------------------------------------------------

int SegmentWriter::make_place(size_t at) {
  Place& here = places_[at];
  if (here.ready) return 0;
  int made = 0;
  if (at == 0) {
    made = make_directory(directory_, files_, policy_.power_safe);
  } else {
    made = make_folders(files_, here.folder, policy_.power_safe);
    // Its name can be guessed and its parent may be everyone's.
    if (made == 0 && !files_.is_own_folder(here.folder.c_str())) made = -EPERM;
  }
  if (made < 0) return made;
  // While the first folder can still be written: collectors read there where the second one is.
  if (places_.size() > 1) static_cast<void>(note_fallback(directory_, places_[1].folder, files_));
  here.ready = true;
  return 0;
}

Status SegmentWriter::refuse(int error, size_t at, const char* doing) {
  const Refusal refusal = refusal_of(error);
  ++counters_.refused[static_cast<size_t>(refusal)];
  const std::string what = std::string(doing) + ' ' + places_[at].folder.string();
  switch (refusal) {
    case Refusal::kSpoolQuota:
      return exhausted(what + ": its quota of " + std::to_string(policy_.quota_bytes) +
                       " bytes is used up")
          .with_advice(advice_of(refusal));
    case Refusal::kNoSpace:
    case Refusal::kDiskQuota:
      return exhausted(io_error(what, error).message()).with_advice(advice_of(refusal));
    default: return io_error(what, error).with_advice(advice_of(refusal));
  }
}

// Runs `body`; when it runs out of memory half-way, what it left half-done is dropped first.
template <typename Body>
Status SegmentWriter::whole_or_not(Body&& body) {
  try {
    return body();
  } catch (...) {
    drop_segment();
    throw;
  }
}

void SegmentWriter::drop_segment() noexcept {
  meta_.clear();
  scratch_.clear();
  if (file_ == nullptr) return;
  static_cast<void>(files_.truncate(file_->fd, position_));
  if (position_ == 0) static_cast<void>(files_.unlink(file_->path.c_str()));
  // It keeps its name. What was not synced in it is written again.
  owes_rewrite_ = policy_.power_safe;
  is_torn_ = false;
  file_ = nullptr;
}

Status SegmentWriter::open() {
  return whole_or_not([this] { return open_untried(0, {}); });
}

Status SegmentWriter::open_untried(uint32_t tried, Status refused) {
  if (file_ != nullptr) return {};
  // In order, but the one whose sync failed comes last.
  for (const bool last_resort : {false, true}) {
    for (size_t at = 0; at < places_.size(); ++at) {
      if ((at == avoid_) != last_resort || (tried >> at & 1) != 0) continue;
      const int error = begin_segment(at);
      if (error != 0) {
        refused = refuse(-error, at, "cannot make a segment in");
        continue;
      }
      if (at != 0) ++counters_.fallback_segments;
      if (!refused.ok() && (said_ & 1) == 0) {
        said_ |= 1;
        std::fprintf(stderr, "headrace: %s; going on in %s\n", refused.message().c_str(),
                     places_[at].folder.c_str());
      }
      return {};
    }
  }
  return refused.ok() ? exhausted("no spool folder took a segment") : refused;
}

int SegmentWriter::begin_segment(size_t at) {
  Place& here = places_[at];
  std::string path;
  int fd = -ENOENT;
  for (int attempt = 0; attempt < 2 && fd == -ENOENT; ++attempt) {
    if (attempt > 0) here.ready = false;  // somebody removed the folder
    if (const int made = make_place(at); made < 0) return made;
    fd = -EEXIST;
    for (int name = 0; name < kNamesTried && fd == -EEXIST; ++name) {
      char text[64];
      std::snprintf(text, sizeof text, "%015" PRIx64 "-%06" PRIu64 ".open", producer_, ordinal_++);
      path = here.folder / text;
      fd = files_.create(path.c_str());
    }
    if (fd == -EINTR) fd = files_.create(path.c_str());
  }
  if (fd < 0) {
    --ordinal_;
    return fd;
  }
  file_ = std::make_shared<SpoolFile>(files_, fd, std::move(path), here.folder.string());
  file_->place = at;
  ++segments_;
  position_ = 0;
  reserved_ = 0;
  opened_ns_ = now_ns();
  meta_.clear();
  preamble_();
  return 0;
}

bool SegmentWriter::fits_quota(Place& here, uint64_t bytes, uint64_t kept_bytes) {
  if (policy_.quota_bytes == 0) return true;
  const auto fits = [&] {
    return here.room_bytes >= bytes_written_ - here.written_at_measure + bytes + kept_bytes;
  };
  const int64_t now = now_ns();
  const bool is_old = here.measured_ns == 0 ||
                      now - here.measured_ns >= static_cast<int64_t>(kMeasureAgain_ns) ||
                      bytes_written_ - here.written_at_measure > here.room_bytes / 8;
  if (fits() && !(is_old && position_ == 0)) return true;
  // Other producers write here too, and collectors delete: measure, but not all the time.
  if (here.measured_ns == 0 || now - here.measured_ns >= kMeasureSoonest_ns) {
    std::vector<FileSystem::Entry> entries;
    uint64_t used = 0;
    if (files_.list(here.folder.c_str(), entries) == 0) {
      for (const FileSystem::Entry& entry : entries) used += entry.size_bytes;
    }
    here.room_bytes = policy_.quota_bytes > used ? policy_.quota_bytes - used : 0;
    here.written_at_measure = bytes_written_;
    here.measured_ns = now;
  }
  return fits();
}

// --- Writing -----------------------------------------------------------------------------------

// Room for `bytes` more in the open segment; 0 or minus an error of refusal_of.
int SegmentWriter::prepare(uint64_t bytes, bool is_reserved_use) {
  Place& here = places_[file_->place];
  if (!fits_quota(here, bytes, is_reserved_use ? 0 : policy_.kept_free_bytes())) {
    return -kSpoolQuotaError;
  }
  if (!reserves_ || position_ + bytes <= reserved_) return 0;
  const uint64_t step = std::clamp(position_, kReserveStep, kReserveMost);
  uint64_t to = round_up(position_ + std::max(bytes, step), kReserveStep);
  int error = files_.reserve(file_->fd, reserved_, to - reserved_);
  if (error == -ENOSPC || error == -EDQUOT) {
    to = round_up(position_ + bytes, 4096);
    error = files_.reserve(file_->fd, reserved_, to - reserved_);
  }
  switch (error) {
    case 0: reserved_ = to; return 0;
    case -EINTR: return 0;
    case -EOPNOTSUPP:
    case -ENOSYS:
    case -EINVAL:
    case -ENODEV:
    case -ESPIPE: reserves_ = false; return 0;
    default: return error;
  }
}

int SegmentWriter::append(std::string_view bytes) {
  file_->is_dirty = true;
  while (!bytes.empty()) {
    const ssize_t n = files_.write(file_->fd, bytes.data(), bytes.size());
    if (n == -EINTR) continue;
    if (n <= 0) return n == 0 ? -EIO : static_cast<int>(n);
    bytes.remove_prefix(static_cast<size_t>(n));
    bytes_written_ += static_cast<uint64_t>(n);
  }
  return 0;
}

Status SegmentWriter::write(FrameHeader header, std::string_view payload) {
  header.producer = producer_;
  return whole_or_not([&] { return write_whole(header, payload); });
}

Status SegmentWriter::write_whole(const FrameHeader& header, std::string_view payload) {
  if (wants_seal(now_ns())) {
    avoid_ = SIZE_MAX;
    // A name that stays .open costs nobody anything.
    static_cast<void>(seal_whole());
  }
  if (owes_rewrite_) HEADRACE_RETURN_IF_ERROR(rewrite_unsynced());
  HEADRACE_RETURN_IF_ERROR(put(header, payload));
  if (policy_.power_safe) {
    unsynced_.push_back({header, std::string(payload)});
    unsynced_bytes_ += payload.size();
  }
  ++written_;
  while (unsynced_bytes_ > kUnsyncedBytes) {
    unsynced_bytes_ -= unsynced_.front().payload.size();
    unsynced_.pop_front();
  }
  return {};
}

Status SegmentWriter::put(const FrameHeader& header, std::string_view payload) {
  const bool is_reserved_use = header.ring == 0;
  uint32_t tried = 0;
  Status refused;
  for (size_t attempt = 0; attempt < places_.size(); ++attempt) {
    HEADRACE_RETURN_IF_ERROR(open_untried(tried, refused));
    const size_t at = file_->place;
    const uint64_t bytes = meta_.size() + sizeof header + payload.size();
    int error = prepare(bytes, is_reserved_use);
    if (error == 0) {
      scratch_.swap(meta_);
      meta_.clear();
      place(header, payload, scratch_);
      error = append(scratch_);
      if (error == 0) position_ += scratch_.size();
      is_torn_ = error != 0;
      scratch_.clear();
      if (error == 0) return {};
    }
    refused = refuse(-error, at, "cannot write to");
    // Nothing is wrong with the segment then: gaps still find room in it.
    if (error == -kSpoolQuotaError && attempt + 1 == places_.size()) return refused;
    tried |= 1u << at;
    static_cast<void>(close_segment());
  }
  return refused;
}

bool SegmentWriter::wants_seal(int64_t monotonic_ns) const {
  const int64_t most_ns = position_ < kSmallSegmentBytes ? kSegmentAge_ns : kFullerSegmentAge_ns;
  return file_ != nullptr && (position_ >= kSegmentBytes || monotonic_ns - opened_ns_ >= most_ns);
}

Status SegmentWriter::seal() {
  return whole_or_not([this] { return seal_whole(); });
}

Status SegmentWriter::seal_whole() {
  if (file_ == nullptr) return {};
  Status status;
  if (!meta_.empty()) {
    // Meta frames wait for a data frame; at the end there is none to wait for.
    const std::string rest = std::move(meta_);
    meta_.clear();
    if (const int error = append(rest); error == 0) {
      position_ += rest.size();
    } else {
      is_torn_ = true;
      status = refuse(-error, file_->place, "cannot write to");
    }
  }
  Status closed = close_segment();
  return status.ok() ? closed : status;
}

Status SegmentWriter::close_segment() {
  const bool is_kept = position_ > 0;
  const bool waits = policy_.power_safe && is_kept && !file_->is_poisoned;
  if (waits) sync_files_.push_back(file_);
  const std::shared_ptr<SpoolFile> file = std::exchange(file_, nullptr);
  meta_.clear();
  // To the last whole frame, and blocks that were reserved beyond it go back.
  if (is_torn_ || (reserves_ && reserved_ > position_)) {
    static_cast<void>(files_.truncate(file->fd, position_));
  }
  is_torn_ = false;
  if (!is_kept) {
    static_cast<void>(files_.unlink(file->path.c_str()));
    return {};
  }
  return waits ? Status() : rename_sealed(*file);
}

Status SegmentWriter::rename_sealed(const SpoolFile& file) {
  std::string sealed = file.path;
  sealed.replace(sealed.size() - 5, 5, ".seg");
  int error = files_.rename(file.path.c_str(), sealed.c_str());
  for (int name = 0; name < kNamesTried && error == -EEXIST; ++name) {
    char text[64];
    std::snprintf(text, sizeof text, "%015" PRIx64 "-%06" PRIu64 ".seg", producer_, ordinal_++);
    sealed = (std::filesystem::path(file.folder) / text).string();
    error = files_.rename(file.path.c_str(), sealed.c_str());
  }
  if (error == 0) return {};
  return refuse(-error, file.place, "cannot seal a segment in");
}

void SegmentWriter::abandon() {
  file_ = nullptr;
  sync_files_.clear();
  unsynced_.clear();
  unsynced_bytes_ = 0;
  owes_rewrite_ = false;
  sync_is_under_way_ = false;
  meta_.clear();
}

// --- Level 2 -----------------------------------------------------------------------------------

std::optional<SegmentSync> SegmentWriter::begin_sync() {
  if (!policy_.power_safe || sync_is_under_way_ || now_ns() < next_sync_ns_) return std::nullopt;
  if (owes_rewrite_) static_cast<void>(rewrite_unsynced());
  SegmentSync sync;
  for (const auto& file : sync_files_) sync.items.push_back({file, file->is_new, 0});
  if (file_ != nullptr && file_->is_dirty) sync.items.push_back({file_, file_->is_new, 0});
  for (SegmentSync::Item& item : sync.items) item.file->is_dirty = false;
  sync.folders.swap(renamed_in_);
  if (sync.items.empty() && sync.folders.empty()) return std::nullopt;
  sync.files = &files_;
  sync.frames = owes_rewrite_ ? durable_ : written_;
  sync_is_under_way_ = true;
  return sync;
}

void SegmentWriter::finish_sync(const SegmentSync& sync) {
  ++counters_.syncs;
  sync_is_under_way_ = false;
  int failed = 0;
  for (const SegmentSync::Item& item : sync.items) {
    SpoolFile& file = *item.file;
    if (item.error == 0) {
      file.is_new = false;
      continue;
    }
    failed = -item.error;
    file.is_poisoned = true;
    ++counters_.poisoned;
    avoid_ = file.place;
    owes_rewrite_ = true;
  }
  if (file_ != nullptr && file_->is_poisoned) {
    static_cast<void>(whole_or_not([this] { return close_segment(); }));
  }
  // What is whole, or will never be better, gets its final name.
  std::erase_if(sync_files_, [this](const std::shared_ptr<SpoolFile>& file) {
    if (!file->is_poisoned && (file->is_new || file->is_dirty)) return false;
    try {
      if (rename_sealed(*file).ok()) renamed_in_.insert(file->folder);
    } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): .open is understood too
    }
    return true;
  });
  if (failed == 0) {
    sync_pause_ns_ = 0;
    if (sync.frames > durable_) durable_ = sync.frames;
    while (written_ - unsynced_.size() < durable_ && !unsynced_.empty()) {
      unsynced_bytes_ -= unsynced_.front().payload.size();
      unsynced_.pop_front();
    }
    return;
  }
  if ((said_ & 2) == 0) {
    said_ |= 2;
    std::fprintf(stderr,
                 "headrace: %s; what it held since the last sync is written again elsewhere\n",
                 io_error("cannot sync a segment in " + places_[avoid_].folder.string(), failed)
                     .message()
                     .c_str());
  }
  sync_pause_ns_ = std::clamp(2 * sync_pause_ns_, kSyncPause_ns, kSyncPauseMost_ns);
  next_sync_ns_ = now_ns() + sync_pause_ns_;
  // What was written so long ago that it is not remembered cannot be written again.
  counters_.not_durable += written_ - unsynced_.size() - std::max(durable_, given_up_to_);
  given_up_to_ = std::max(given_up_to_, written_ - unsynced_.size());
  static_cast<void>(rewrite_unsynced());
}

// The frames after the watermark, once more, into a segment that no sync has failed for.
Status SegmentWriter::rewrite_unsynced() {
  owes_rewrite_ = true;
  for (const Frame& frame : unsynced_) {
    HEADRACE_RETURN_IF_ERROR(whole_or_not([&] { return put(frame.header, frame.payload); }));
  }
  owes_rewrite_ = false;
  return {};
}

Status SegmentWriter::sync() {
  if (!policy_.power_safe) {
    return unsupported("nothing is synced at durability level 1; set HEADRACE_DURABILITY=2");
  }
  // Each round that fails poisons what it touched and goes on elsewhere; three leave no elsewhere.
  for (int round = 0; round < 4; ++round) {
    next_sync_ns_ = 0;
    std::optional<SegmentSync> sync = begin_sync();
    if (!sync) break;
    sync->run();
    finish_sync(*sync);
  }
  if (durable_ == written_) return {};
  return {StatusCode::kIo, "cannot sync " + places_[0].folder.string() +
                               ": the records are written, but would not survive a power cut"};
}

}  // namespace headrace

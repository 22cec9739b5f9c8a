// Writes one producer's frames into segment files: `<producer>-<n>.open`, renamed to `.seg` when
// sealed at 64 MiB or by its age. Append-only; a frame never crosses a 64 KiB grid line.
//
//   folder 1: spool/        9..-000000.seg   9..-000001.open <- frames
//   folder 2: fallback/     taken when folder 1 refuses; tried anew at each new segment
//
// Each new segment begins with what the caller's preamble gives (producer, clocks, dictionary), so
// that a segment decodes alone. Blocks are reserved ahead of the writing, so a full disk shows
// before a frame and not inside one. A segment that refused is cut to its last whole frame, closed,
// and the frame goes into a new one, here or in the second folder; only when every folder refuses
// does write() fail, and then nothing of the frame counts as written: try again later.
//
// Level 2 (SpoolPolicy::power_safe): frames are remembered until a sync has put them on the medium.
// A segment whose sync fails is poisoned: never synced again, its frames since the watermark are
// written once more into a new segment, elsewhere if there is an elsewhere.
//
// Without memory a call throws std::bad_alloc, and the writer stays usable: nothing of the frame
// counts as written. One thread at a time; only SegmentSync::run may overlap with the other calls.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "encode/frame.h"
#include "spool/directory.h"
#include "spool/policy.h"
#include "spool/segment_sync.h"

namespace headrace {

constexpr uint64_t kSegmentBytes = uint64_t{64} << 20;
// Of one that is still small, because each repeats the dictionary, and of others.
constexpr int64_t kSegmentAge_ns = 120'000'000'000;
constexpr int64_t kFullerSegmentAge_ns = 10'000'000'000;
constexpr uint64_t kSmallSegmentBytes = 256 * 1024;

// Frames are counted from the first that a writer wrote.
struct Durability {
  uint64_t written = 0;
  uint64_t durable = 0;    // the watermark: these survive a power cut, at level 2
  uint64_t lost_hold = 0;  // of them, given up: see SpoolCounters::not_durable
};

class SegmentWriter {
 public:
  // `preamble` writes the meta frames of a new segment through write_meta(); it is called inside
  // write() and open(), and write_meta() must be the only method it calls.
  SegmentWriter(Directory directory, ProducerId producer, std::function<void()> preamble,
                SpoolPolicy policy = SpoolPolicy::from_environment(),
                FileSystem& files = FileSystem::current());
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

  // Appends one frame. Nothing of it counts as written unless the result is OK. Frames of ring 0
  // (gaps) may use the part of the quota that is kept free. Errors: kExhausted (no space, a quota),
  // kIo; which folder, why, and what to do.
  Status write(FrameHeader header, std::string_view payload);
  // Buffers a meta frame that goes out before the next data frame, in the same write call.
  void write_meta(std::string_view payload, uint32_t records);

  // Opens the segment if none is open, so that the preamble runs and its bound is known.
  Status open();
  // True when age or size asks for a new segment; the next write() seals first.
  bool wants_seal(int64_t monotonic_ns) const;
  // Closes the segment: rename to .seg (at level 2 after the next sync). Nothing happens when none
  // is open. An error leaves a segment that readers understand all the same.
  Status seal();
  // In a fork child: forget the files without touching them.
  void abandon();

  // Level 2, one at a time: a second sync of a file whose first one fails may say that it worked.
  // Null when everything is on the medium, one is under way, or one that failed is not due again.
  std::optional<SegmentSync> begin_sync();
  void finish_sync(const SegmentSync& sync);
  // begin, run, finish, until nothing is left to do; none may be under way. Errors: kIo when the
  // medium refuses; then the frames are written, but would not survive a power cut.
  Status sync();
  Durability durability() const { return {written_, durable_, counters_.not_durable}; }
  const SpoolPolicy& policy() const { return policy_; }

  uint64_t bytes_written() const { return bytes_written_; }
  uint64_t segments() const { return segments_; }
  const SpoolCounters& counters() const { return counters_; }

 private:
  struct Place {
    std::filesystem::path folder;
    bool ready = false;       // made, and noted where collectors look
    uint64_t room_bytes = 0;  // of the quota, when last measured
    uint64_t written_at_measure = 0;
    int64_t measured_ns = 0;
  };
  struct Frame {
    FrameHeader header;
    std::string payload;
  };
  int64_t now_ns() const;
  void place(FrameHeader header, std::string_view payload, std::string& out) const;
  template <typename Body>
  Status whole_or_not(Body&& body);
  void drop_segment() noexcept;
  Status write_whole(const FrameHeader& header, std::string_view payload);
  Status seal_whole();
  Status put(const FrameHeader& header, std::string_view payload);
  // `refused`: what those said.
  Status open_untried(uint32_t tried, Status refused);
  int begin_segment(size_t at);
  int make_place(size_t at);
  int prepare(uint64_t bytes, bool is_reserved_use);
  bool fits_quota(Place& place, uint64_t bytes, uint64_t kept_bytes);
  int append(std::string_view bytes);
  Status refuse(int error, size_t at, const char* doing);
  Status close_segment();
  Status rename_sealed(const SpoolFile& file);
  Status rewrite_unsynced();

  const Directory directory_;
  const ProducerId producer_;
  const std::function<void()> preamble_;
  const SpoolPolicy policy_;
  FileSystem& files_;
  std::vector<Place> places_;
  std::string meta_;  // meta frames waiting for the next write
  std::string scratch_;
  std::shared_ptr<SpoolFile> file_;
  uint64_t position_ = 0;  // in the open segment
  uint64_t reserved_ = 0;  // blocks taken up to here
  bool reserves_ = true;   // the file system can
  bool is_torn_ = false;   // a write ended inside a frame
  uint64_t bytes_written_ = 0;
  uint64_t segments_ = 0;
  uint64_t ordinal_ = 0;  // of the next segment
  int64_t opened_ns_ = 0;
  uint32_t said_ = 0;  // bit by Refusal: told on stderr
  SpoolCounters counters_;

  // Level 2.
  uint64_t written_ = 0;
  uint64_t durable_ = 0;
  std::deque<Frame> unsynced_;  // the frames after `durable_`, in order
  uint64_t unsynced_bytes_ = 0;
  std::vector<std::shared_ptr<SpoolFile>> sync_files_;  // closed, waiting for a sync
  std::set<std::string> renamed_in_;  // folders with names that are not on the medium
  bool sync_is_under_way_ = false;
  bool owes_rewrite_ = false;
  uint64_t given_up_to_ = 0;  // frames before this one are counted in not_durable or durable
  size_t avoid_ = SIZE_MAX;   // the place whose sync failed last
  int64_t next_sync_ns_ = 0;
  int64_t sync_pause_ns_ = 0;
};

}  // namespace headrace

// Writes one producer's frames into segment files: `<producer>-<n>.open`, renamed to `.seg` when
// sealed at 64 MiB or 10 s of age. Append-only; a frame never crosses a 64 KiB grid line.
//
// Each new segment begins with what the caller's preamble gives (producer, clocks, dictionary), so
// that a segment decodes alone. One thread at a time. After a failed write the segment is
// abandoned as it stands and the next write tries a new one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "encode/frame.h"
#include "spool/directory.h"

namespace headrace {

constexpr uint64_t kSegmentBytes = uint64_t{64} << 20;
constexpr int64_t kSegmentAge_ns = 10'000'000'000;

class SegmentWriter {
 public:
  // `preamble` writes the meta frames of a new segment through write_meta(); it is called inside
  // write() and write_meta() must be the only method it calls.
  SegmentWriter(Directory directory, ProducerId producer, std::function<void()> preamble);
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

  // Appends one frame. Nothing of it counts as written unless the result is OK.
  Status write(FrameHeader header, std::string_view payload);
  // Buffers a meta frame that goes out before the next data frame, in the same write call.
  void write_meta(std::string_view payload, uint32_t records);

  // Opens the segment if none is open, so that the preamble runs and its bound is known.
  Status open();
  // True when age or size asks for a new segment; the next write() seals first.
  bool wants_seal(int64_t monotonic_ns) const;
  // Closes the segment: rename to .seg. Nothing happens when none is open.
  Status seal();
  // In a fork child: forget the file without touching it.
  void abandon();

  uint64_t bytes_written() const { return bytes_written_; }
  uint64_t segments() const { return segments_; }

 private:
  Status append(std::string_view bytes);
  void place(FrameHeader header, std::string_view payload, std::string& out) const;

  Directory directory_;
  ProducerId producer_;
  std::function<void()> preamble_;
  std::string meta_;  // meta frames waiting for the next write
  std::string scratch_;
  std::string open_path_;
  int fd_ = -1;
  uint64_t position_ = 0;  // in the open segment
  uint64_t bytes_written_ = 0;
  uint64_t segments_ = 0;
  int64_t opened_ns_ = 0;
};

}  // namespace headrace

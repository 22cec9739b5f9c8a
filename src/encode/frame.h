// A frame: the unit on disk that is whole or not there. At most 64 KiB, checksummed, never across a
// 64 KiB grid line of its file, so a reader that meets damage goes on at the next line.
//
//   0 magic "HRF1"  4 version u8  5 min reader u8  6 flags u16  8 payload bytes u32  12 crc32c u32
//   16 producer u64  24 ring u32  28 records u32  32 first number u64   40 payload: records
//
// The checksum covers the header with the checksum as zero, then the payload.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/status.h"
#include "encode/record.h"

namespace headrace {

constexpr uint32_t kFrameMagic = 0x31465248;  // "HRF1"
constexpr uint8_t kFrameVersion = 1;
// A writer that knows says which version a reader must at least be of (`min_reader`). One that does
// not (0) is understood if it is one ahead: what that adds stands where it does not mislead
// (docs/formats/segment.md, "Newer versions").
constexpr uint8_t kNewestReadableVersion = kFrameVersion + 1;
// Its records describe others (dictionary, clocks, producer): repeated in every segment,
// unnumbered.
constexpr uint16_t kFrameIsMeta = 1;
constexpr size_t kGridBytes = 64 * 1024;
constexpr uint32_t kMetaRing = 0xFFFFFFFF;

struct FrameHeader {
  uint32_t magic = kFrameMagic;
  uint8_t version = kFrameVersion;
  uint8_t min_reader = 0;  // the oldest version that understands the frame; 0: see above
  uint16_t flags = 0;
  uint32_t payload_bytes = 0;
  uint32_t checksum = 0;
  ProducerId producer = 0;
  uint32_t ring = 0;
  uint32_t records = 0;
  uint64_t first_number = 0;  // the number, in its ring, of the first record
};
static_assert(sizeof(FrameHeader) == 40);
constexpr size_t kMaxPayloadBytes = kGridBytes - sizeof(FrameHeader);

// Appends one frame of `payload` (whole records, at most kMaxPayloadBytes) to `out`.
// The header's payload size and checksum are filled in here.
void append_frame(std::string& out, FrameHeader header, std::string_view payload);

// What stands at one place of a segment.
struct FrameView {
  FrameHeader header;
  std::string_view payload;
  size_t size_bytes() const { return sizeof(FrameHeader) + payload.size(); }
};

enum class FrameError : uint8_t { kNone, kShort, kMagic, kVersion, kLength, kChecksum, kRecords };
std::string_view name_of(FrameError error);

// Reads the frame at the start of `bytes`, checks its checksum and that its records fit end to end.
// kShort: the bytes end inside it. kVersion: it is whole, and a newer version's; `out` holds it.
FrameError read_frame(std::string_view bytes, FrameView* out);

// Calls `see` with each record of a frame that read_frame accepted, in order.
template <typename See>
void for_each_record(const FrameView& frame, See&& see) {
  std::string_view rest = frame.payload;
  for (uint32_t i = 0; i < frame.header.records; ++i) {
    const uint32_t size = load_le<uint32_t>(rest.data());
    see(RecordView(rest.substr(0, size)), frame.header.first_number + i);
    rest.remove_prefix(size);
  }
}

}  // namespace headrace

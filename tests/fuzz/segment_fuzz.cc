// Any bytes as a segment: nothing is read outside of them, every byte is a frame, damage or zero,
// and neither a stop on the way nor the walk through damage changes what is found.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/crc32c.h"
#include "collect/frame_walk.h"
#include "encode/frame.h"
#include "spool/segment_reader.h"
#include "tests/fuzz/check.h"

using namespace headrace;  // NOLINT: a program, not a header

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

struct Place {
  uint64_t offset;
  uint64_t length_bytes;
  bool operator==(const Place&) const = default;
};
struct Found {
  std::vector<Place> frames;
  std::vector<Place> damage;
  uint64_t resume = 0;
};

Found read_segment(std::string_view bytes, bool sealed, uint64_t from = 0) {
  Found out;
  SegmentReader reader(bytes, sealed, from);
  while (reader.next()) {
    const FrameView& frame = reader.frame();
    out.frames.push_back({reader.frame_offset(), frame.size_bytes()});
    // A frame written again is the same bytes.
    std::string again;
    append_frame(again, frame.header, frame.payload);
    FUZZ_CHECK(again == bytes.substr(reader.frame_offset(), frame.size_bytes()));
    uint64_t end = 0;
    for_each_record(frame,
                    [&](const RecordView& record, uint64_t) { end += record.bytes().size(); });
    FUZZ_CHECK(end == frame.payload.size());
  }
  for (const Damage& d : reader.damage()) out.damage.push_back({d.offset, d.length_bytes});
  out.resume = reader.resume_offset();
  return out;
}

// Frames and damage in order, without overlap; what neither claims is zero.
void every_byte_is_told(std::string_view bytes, const Found& found) {
  uint64_t at = 0;
  size_t frame = 0;
  size_t damage = 0;
  while (at < bytes.size()) {
    if (frame < found.frames.size() && found.frames[frame].offset == at) {
      at += found.frames[frame++].length_bytes;
    } else if (damage < found.damage.size() && found.damage[damage].offset == at) {
      at += found.damage[damage++].length_bytes;
    } else {
      FUZZ_CHECK(bytes[at] == '\0');
      ++at;
    }
  }
  FUZZ_CHECK(at == bytes.size() && frame == found.frames.size() && damage == found.damage.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Found whole = read_segment(bytes, true);
  every_byte_is_told(bytes, whole);

  // A growing file, read in two parts, gives the same frames.
  const Found first = read_segment(bytes.substr(0, size / 2), false);
  const Found rest = read_segment(bytes, true, first.resume);
  std::vector<Place> frames = first.frames;
  frames.insert(frames.end(), rest.frames.begin(), rest.frames.end());
  FUZZ_CHECK(frames == whole.frames);

  // The walk finds those and what stands among damage, and never claims a byte twice.
  const ProducerId producer = size >= sizeof(FrameHeader) ? load_le<uint64_t>(data + 16) : 1;
  collect::FrameWalk walk(bytes, true, 0, producer);
  size_t known = 0;
  size_t total = 0;
  while (walk.next()) {
    total += walk.frame().size_bytes();
    if (known < whole.frames.size() && whole.frames[known].offset == walk.frame_offset()) ++known;
  }
  for (const Damage& d : walk.damage()) {
    FUZZ_CHECK(d.offset + d.length_bytes <= size);
    total += d.length_bytes;
  }
  FUZZ_CHECK(known == whole.frames.size() && total <= size);
  return 0;
}

// Mutated bytes rarely have a right checksum, so most changes are given one.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 4 == 0) return size;
  for (size_t at = 0; at + sizeof(FrameHeader) <= size;) {
    auto header = load_le<FrameHeader>(data + at);
    if (header.magic != kFrameMagic || header.payload_bytes > size - at - sizeof header) {
      at += 8;
      continue;
    }
    header.checksum = 0;
    const std::string_view payload(reinterpret_cast<const char*>(data + at + sizeof header),
                                   header.payload_bytes);
    header.checksum =
        crc32c(payload, crc32c({reinterpret_cast<const char*>(&header), sizeof header}));
    store_le(data + at, header);
    at += sizeof header + (header.payload_bytes + 7) / 8 * 8;
  }
  return size;
}

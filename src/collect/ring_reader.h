// What the ring file of a dead producer holds; capture/ring_file.h draws it.
//
// Pure: bytes in, views of them out. Nothing in a ring file is believed: every field is checked
// before use, and what makes no sense is reported as damage and stops nothing else.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "capture/ring_file.h"
#include "encode/record.h"
#include "encode/sample_block.h"

namespace headrace::collect {

// Whose file it is, where its records belong.
struct RingOwner {
  ProducerId producer = 0;
  capture::RingState state = capture::RingState::kMaking;
  std::string hostname;
  std::string boot_id;
  int64_t pid = 0;
  int64_t start_time_ticks = 0;
  uint64_t pid_namespace = 0;  // 0: unknown
  std::string spool_path;
  uint64_t spool_device = 0;  // both 0: unknown
  uint64_t spool_inode = 0;
};

// Of the first sizeof(RingFileHeader) bytes of a file, or more of it. Errors: kUnavailable when its
// owner had not finished making it, kUnsupported when a newer version wrote it, else kCorrupt.
Result<RingOwner> read_ring_owner(std::string_view bytes);
// What stands so far in the header of one that is being made.
RingOwner read_maker(std::string_view bytes);

// Whole records of one ring, first_number and up.
struct RingChunk {
  uint32_t ring = 0;
  uint64_t sequence = 0;
  uint64_t first_number = 0;
  uint32_t records = 0;
  std::string_view payload;
  GapReason hole_reason{};  // why numbers before first_number are missing, if any are
  uint64_t dropped_after = 0;
  GapReason drop_reason{};
  uint64_t drained_past = 0;  // below it everything is in segments, or told there
  uint64_t past() const { return first_number + records; }
};

// A ring whose numbers below `dropped` found no chunk.
struct RingFirstDrops {
  uint32_t ring = 0;
  uint64_t dropped = 0;
  GapReason reason{};
  uint64_t drained_past = 0;
};

// Samples that were gathered to become one record of a ring.
struct RingWaiting {
  uint32_t ring = 0;
  uint64_t record_past = 0;  // 0, or one more than the number that their record took or will take
  std::vector<PlainSample> samples;
};

// A task that had begun and not ended.
struct RingTask {
  TaskRecord record{};
  std::vector<ShapeCell> shape;
  std::vector<uint64_t> cells;  // those in the tail: a TailSpan of `tail`
  std::string_view tail;
};

struct RingDamage {
  uint64_t offset = 0;
  uint64_t length_bytes = 0;
  const char* reason = "";
};

struct RingContents {
  RingOwner owner;
  std::vector<ClockRecord> clocks;
  std::vector<RingChunk> chunks;            // by ring, then sequence; their numbers ascend
  std::vector<RingFirstDrops> first_drops;  // of rings that have not their first chunk here
  RingWaiting waiting;
  std::vector<std::string_view> meta;  // whole meta records, by sequence
  std::vector<RingTask> open_tasks;    // by number, without those whose end is among the records
  uint64_t own_records = 0;            // numbers of ring 0 that are drawn at least
  std::array<uint64_t, capture::kDropReasons> dropped{};
  std::vector<RingDamage> damage;
};

// `bytes` is the file, or as much of it as there is; holes read as zeros. The result views it.
// Errors: those of read_ring_owner.
Result<RingContents> parse_ring(std::string_view bytes);

}  // namespace headrace::collect

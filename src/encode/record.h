// How a record lies in a ring, and the same in a frame on disk. Little-endian, 8-byte aligned.
//
//   every record   +-- RecordHeader 8 --+-- fixed part, by kind --+-- cells 8 x n --+-- tail
//   --+pad+
//
// The fixed parts below are copied as they stand, so a finished task costs one memcpy. Cells are
// described by the record's shape: a dictionary entry that lists (name, role, tag) of each cell, so
// that a record carries no names and column i of a thousand records lies at one offset.
// Numbers named `*_id` are dictionary ids of the producer (0: none).
// The format is specified, with an example in hex, in docs/formats/segment.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "model/status.h"
#include "model/value.h"

namespace headrace {

enum class RecordKind : uint8_t {
  kTask = 1,         // TaskRecord: a task, whole, when it ends; or announced while it is open
  kWorkflow = 2,     // WorkflowRecord: begin, and again when it ends
  kCampaign = 3,     // CampaignRecord
  kObject = 4,       // ObjectRecord
  kLog = 5,          // LogRecord: a metric row, or a line or tail of stdout or stderr
  kSample = 6,       // SampleRecord
  kGap = 7,          // GapRecord
  kEdge = 8,         // EdgeRecord: what a task used and generated, seen by somebody else
  kSamples = 9,      // SamplesRecord: many samples
  kClock = 32,       // ClockRecord     (meta frames only, as are the two below)
  kDictionary = 33,  // DictionaryRecord
  kProducer = 34,    // ProducerRecord
};

struct RecordHeader {
  uint32_t size_bytes;  // of the whole record, a multiple of 8
  RecordKind kind;
  uint8_t flags;   // by kind, below
  uint16_t cells;  // how many cells follow the fixed part
};
static_assert(sizeof(RecordHeader) == 8);

// In the flags of any numbered record: a newer version has put bytes of its own behind what is
// known here. They belong to no cell, so a reader of this version finds everything else where it
// expects it; it keeps the whole record beside what it understood.
constexpr uint8_t kRecordIsExtended = 128;
constexpr uint8_t known_flags(uint8_t flags) {
  return static_cast<uint8_t>(flags & ~kRecordIsExtended);
}

constexpr uint8_t kTaskIsOpen = 1;           // still running: a later record of this task follows
constexpr uint8_t kTaskParentIsForeign = 2;  // `parent` is the dictionary id of a task reference
constexpr uint8_t kTaskValuesElided = 4;     // it had values; only its objects were kept

struct TaskRecord {
  RecordHeader header;
  uint32_t activity_id;
  uint32_t workflow_id;
  uint64_t number;
  uint64_t parent;  // task number in this producer; 0 none; see kTaskParentIsForeign
  uint64_t begin_ticks;
  uint64_t end_ticks;  // 0 while open
  uint32_t shape_id;
  TaskStatus status;
  uint8_t attempt;  // 0 the first
  uint16_t ring;    // low bits of the ring of the thread that began it, for open announcements
};
static_assert(sizeof(TaskRecord) == 56);

struct WorkflowRecord {
  RecordHeader header;
  uint32_t workflow_id;
  uint32_t parent_workflow_id;
  uint32_t campaign_id;
  uint32_t name_id;
  uint64_t begin_ticks;
  uint64_t end_ticks;  // 0 while running
  uint32_t shape_id;
  TaskStatus status;
  uint8_t reserved[3];
};
static_assert(sizeof(WorkflowRecord) == 48);

struct CampaignRecord {
  RecordHeader header;
  uint32_t campaign_id;
  uint32_t shape_id;
  uint64_t at_ticks;
};
static_assert(sizeof(CampaignRecord) == 24);

// Attributes name, path, sha256 (bytes), size_bytes stand in cells of role kAttribute.
struct ObjectRecord {
  RecordHeader header;
  uint8_t object[16];  // as printed
  uint32_t kind_id;    // dataset, model, checkpoint, file, ...
  uint32_t workflow_id;
  uint64_t at_ticks;
  uint32_t shape_id;
  uint32_t reserved;
};
static_assert(sizeof(ObjectRecord) == 48);

enum class LogStream : uint8_t { kMetric = 0, kStdout = 1, kStderr = 2, kExposure = 3 };
// flags: LogStream. A metric's values are cells of role kGenerated; text is the cell named "text".
// An exposure says how long each layer of a model ran in the interval that ended `at_ticks`, see
// capture/exposure.h.
struct LogRecord {
  RecordHeader header;
  uint64_t task;  // task number in this producer, or 0: of the workflow
  uint32_t workflow_id;
  uint32_t shape_id;
  uint64_t at_ticks;
};
static_assert(sizeof(LogRecord) == 32);

constexpr uint8_t kSampleIsGap =
    1;  // the reading failed; raw means nothing; why: model/read_failure.h
constexpr uint8_t kSampleIsEstimate = 2;  // derived, not read
struct SampleRecord {
  RecordHeader header;
  uint32_t sensor_id;
  uint32_t reserved;
  uint64_t at_ticks;
  uint64_t raw;  // as read; unit, scale and range stand in the sensor's entry
};
static_assert(sizeof(SampleRecord) == 32);

// Samples of some sensors over a short time, with the flags of each; a block of them follows, see
// encode/sample_block.h. More than kMaxSamples are refused.
constexpr size_t kMaxSamples = 4096;
struct SamplesRecord {
  RecordHeader header;
  uint32_t samples;
  uint32_t block_bytes;
};
static_assert(sizeof(SamplesRecord) == 16);

// Why something is missing. The first three had numbers; samples that were never recorded,
// values that a task was recorded without and names take none: ring and first_number are 0.
enum class GapReason : uint8_t {
  kWriteFailed = 1,    // the spool could not be written, to the end of the process
  kPoolExhausted = 2,  // no memory was left for it
  kTooLarge = 3,
  kSamplesShed = 4,   // `count` samples were not taken
  kValuesElided = 5,  // `count` tasks were recorded without their values, see kTaskValuesElided
  kNamesRefused = 6,  // `count` times there was no room for a name in the dictionary
};
constexpr bool takes_numbers(GapReason reason) {
  return reason != GapReason::kSamplesShed && reason != GapReason::kValuesElided &&
         reason != GapReason::kNamesRefused;
}
// flags: GapReason. Records first_number .. first_number + count - 1 of `ring` were dropped.
struct GapRecord {
  RecordHeader header;
  uint32_t ring;
  uint32_t reserved;
  uint64_t first_number;
  uint64_t count;
  uint64_t at_ticks;
};
static_assert(sizeof(GapRecord) == 40);

constexpr uint8_t kEdgesAreInferred = 1;
// Objects that a task used or generated, told apart from the task's own record: by who saw it from
// outside. Its cells are objects of role kUsed and kGenerated; each is one edge.
struct EdgeRecord {
  RecordHeader header;
  uint32_t task_id;  // of a task reference
  uint32_t workflow_id;
  uint64_t at_ticks;
  uint32_t shape_id;
  uint32_t reserved;
};
static_assert(sizeof(EdgeRecord) == 32);

struct ClockRecord {
  RecordHeader header;  // flags: TickSource
  uint64_t ticks;
  int64_t monotonic_ns;
  int64_t realtime_ns;
  int64_t uncertainty_ns;
};
static_assert(sizeof(ClockRecord) == 40);

enum class EntryKind : uint8_t {
  kString = 1,    // the text
  kShape = 2,     // ShapeCell x cells
  kActivity = 3,  // a nested map: name, and where known file, line, function, code_sha256
  kWorkflow = 4,  // 16 bytes of its uuid
  kCampaign = 5,  // 16 bytes of its uuid, then its name
  kSensor = 6,    // a nested map, see model/sensor.h
  kTaskRef = 7,   // 16 bytes of the uuid of another producer's task
  kRing = 8,      // u32 ring, u32 thread id, thread name
};
// flags: EntryKind. The entry's bytes follow, `length_bytes` of them.
struct DictionaryRecord {
  RecordHeader header;
  uint32_t id;
  uint32_t length_bytes;
};
static_assert(sizeof(DictionaryRecord) == 16);

// What a nested map in the tail says of the process: host, pid, boot_id, start_time, command, ...
struct ProducerRecord {
  RecordHeader header;
  uint32_t length_bytes;
  uint32_t reserved;
};
static_assert(sizeof(ProducerRecord) == 16);

// One cell of a shape.
struct ShapeCell {
  uint32_t name_id;
  Role role;
  ValueTag tag;
  uint8_t flags;  // kCellIsInferred
  uint8_t reserved;
};
static_assert(sizeof(ShapeCell) == 8);
// The value's edge was guessed from equal hashes or addresses, not given.
constexpr uint8_t kCellIsInferred = 1;

// A frame holds whole records only, so no record may be longer than a frame's payload.
constexpr size_t kMaxRecordBytes = 60 * 1024;
constexpr size_t kMaxCells = 2048;

// Where the value of a cell in the tail stands.
struct TailSpan {
  uint32_t offset;  // from the record's first byte
  uint32_t length;
};
inline uint64_t pack(TailSpan span) {
  return static_cast<uint64_t>(span.offset) | static_cast<uint64_t>(span.length) << 32;
}
inline TailSpan unpack_span(uint64_t cell) {
  return {static_cast<uint32_t>(cell), static_cast<uint32_t>(cell >> 32)};
}

// A record inside bytes that outlive this view; only made by FrameReader, which checked its bounds.
class RecordView {
 public:
  explicit RecordView(std::string_view bytes) : bytes_(bytes) {}
  RecordHeader header() const { return load_le<RecordHeader>(bytes_.data()); }
  RecordKind kind() const { return header().kind; }
  std::string_view bytes() const { return bytes_; }
  // The fixed part; false when the record is too short to be one.
  template <typename Fixed>
  bool fixed(Fixed* out) const {
    if (bytes_.size() < sizeof(Fixed) + size_t{8} * header().cells) return false;
    *out = load_le<Fixed>(bytes_.data());
    return true;
  }
  template <typename Fixed>
  uint64_t cell(size_t i) const {
    return load_le<uint64_t>(bytes_.data() + sizeof(Fixed) + 8 * i);
  }
  // The tail bytes a cell points at; false when they lie outside the record.
  bool tail(uint64_t cell, std::string_view* out) const {
    const TailSpan span = unpack_span(cell);
    if (span.offset > bytes_.size() || span.length > bytes_.size() - span.offset) return false;
    *out = bytes_.substr(span.offset, span.length);
    return true;
  }

 private:
  std::string_view bytes_;
};

}  // namespace headrace

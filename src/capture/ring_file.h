// The ring file: all that a process has captured and not yet written into segments, in one mapping
// shared with a file, so that it outlives the process however that ends.
//
//   <dir>/<producer, 15 hex digits>.ring     dir: see ring_directory.h. Sparse, mode 0600.
//
//   0        +------------------------------------------------------------------+
//            | RingFileHeader: who, where, which clocks, samples that wait.     |
//            | state is stored last                                             |
//   64 KiB   +------------------------------------------------------------------+
//            | chunk 0:  ChunkHeader 64 B | by kind: records, meta, task slots  |
//   128 KiB  +------------------------------------------------------------------+
//            | chunk 1 ...                                  up to header.chunks |
//            +------------------------------------------------------------------+
//
// A chunk that was never taken is a hole of the file and reads as zeros: kind free.
//
//                 take (any thread of the owner, under the pool's lock)
//     kind: free ------------------------------------------------> records | meta | tasks
//            ^    all other fields are stored first, kind last, release     |
//            |                                                              |
//            +--------------------------------------------------------------+
//                 give back: kind is stored first (the drain; tasks: never)
//
//   kRecords  one thread (the writer of `ring`) appends whole records and then stores `committed`
//             with release. first_number is the number of its first record, the others follow
//             without a hole. Numbers that miss between two chunks of a ring (ordered by sequence)
//             were dropped for the reason in the later chunk's hole_reason.
//   kMeta     DictionaryRecords and ProducerRecords, end to end, appended under the dictionary's
//             lock and kept until they are in a segment. Ids may repeat what a segment holds.
//   kTasks    kSlotsPerChunk TaskSlots: the open tasks, with the values that they have so far.
//
// Samples that are to become one record wait in the header (WaitingSamples), so that a kill does
// not lose them either.
//
// The owner is the only process that writes. A kill between any two of its instructions leaves a
// file that this header describes. Readers of a dead owner's file (collect/ring_reader.h) need no
// read position: they take every record of every chunk, and (producer, ring, number) tells what a
// segment holds already. They treat every field as outside bytes: check it against the file's size
// and the limits below before use. They take flock(LOCK_EX) on the file, check that it is still
// linked, and unlink it when all of it is durable elsewhere.
//
// The owner unlinks the file when it ends cleanly and everything is in segments. state kStopped:
// the owner ended cleanly, but other threads of it could still record, or the spool could not be
// written; what is here may be new.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "encode/record.h"

namespace headrace::capture {

constexpr char kRingMagic[8] = {'H', 'R', 'R', 'I', 'N', 'G', '1', '\0'};
constexpr uint32_t kRingVersion = 1;
constexpr size_t kChunkBytes = 64 * 1024;
constexpr size_t kRingHeaderBytes = kChunkBytes;
// No file has more chunks than this; one that says so is damaged.
constexpr uint32_t kMaxRingChunks = 4096;

enum class RingState : uint32_t {
  kMaking = 0,   // the header is not complete: the file says nothing
  kReady = 1,    // in use by its owner, or its owner was killed
  kStopped = 2,  // its owner ended cleanly
};

// A clock reading as in a ClockRecord, from which the collector turns ticks into time.
struct RingClock {
  uint64_t ticks;
  int64_t monotonic_ns;
  int64_t realtime_ns;
  int64_t uncertainty_ns;
};
static_assert(sizeof(RingClock) == 32);

// Of a ring that found no chunk for its first records: its numbers below `dropped` have no record.
// Where the ring has got its first chunk since, that chunk's hole says the same.
struct FirstDrops {
  uint32_t ring;  // 0: free; stored first, and `dropped` last, with release
  uint32_t reason;
  uint64_t dropped;
  uint64_t drained_past;  // as in ChunkHeader
};
static_assert(sizeof(FirstDrops) == 24);
// Rings beyond these whose first records are dropped at the same time go unnamed.
constexpr size_t kFirstDrops = 256;

// Samples that wait to become one record of `ring`, gathered by that ring's thread.
//
//   claim     ring: 0 -> the ring's; count and record_past are 0 then
//   add       samples[count] is stored first, then count, with release
//   record    record_past is stored, then the record is committed, then count, record_past and ring
//             are made 0 in this order
//
// So the first `count` samples are recorded nowhere, unless the ring has given out the numbers
// below record_past: then its record holds them, or was dropped and is told as a gap.
struct WaitingSample {
  uint32_t sensor_id;
  uint32_t flags;  // of a SampleRecord's header
  uint64_t at_ticks;
  uint64_t raw;
};
static_assert(sizeof(WaitingSample) == 24);
constexpr size_t kMaxWaiting = 512;
struct WaitingSamples {
  uint32_t ring;  // 0: nobody's
  uint32_t count;
  uint64_t record_past;  // one more than the number that their record takes; 0: not known yet
  WaitingSample samples[kMaxWaiting];
};
static_assert(sizeof(WaitingSamples) == 12304);

constexpr size_t kMaxSpoolPathBytes = 4096;
constexpr size_t kDropReasons = 8;

struct RingFileHeader {
  char magic[8];
  uint32_t version;
  uint32_t header_bytes;     // kRingHeaderBytes
  uint32_t chunk_bytes;      // kChunkBytes
  uint32_t slot_bytes;       // sizeof(TaskSlot)
  uint32_t slots_per_chunk;  // kSlotsPerChunk
  uint32_t chunks;           // that the file has room for
  uint32_t state;            // RingState
  uint32_t tick_source;      // TickSource
  // The owner. One process for ever: (boot_id, pid namespace, pid, start time).
  uint64_t producer;
  uint64_t start_time_ticks;  // field 22 of /proc/<pid>/stat
  uint64_t pid_namespace;     // inode of /proc/self/ns/pid, 0 unknown
  uint32_t pid;
  uint32_t uid;
  char boot_id[40];    // text, ends with \0
  char hostname[256];  // text, ends with \0
  // [0] is read when the file is made; [1] and [2] in turn each second. clock_slot is the newest
  // complete one and stored after it.
  RingClock clocks[3];
  uint32_t clock_slot;
  uint32_t reserved;
  // What the owner did so far; for people, and for what a dead owner dropped.
  uint64_t drained_records;     // read from the rings and written into segments
  uint64_t segments;            // that it has begun
  uint64_t own_records;         // numbers of ring 0 drawn: the next announcement's number
  uint64_t lost[kDropReasons];  // by GapReason; a process that was made anew begins at 0
  // The spool folder that the records belong into. device and inode: 0 when it was not there yet.
  uint64_t spool_device;
  uint64_t spool_inode;
  uint32_t spool_path_bytes;
  char spool_path[kMaxSpoolPathBytes];  // absolute, not \0-terminated
  // Zeros in files of before there were any, both.
  FirstDrops first_drops[kFirstDrops];
  WaitingSamples waiting;
};
static_assert(sizeof(RingFileHeader) <= kRingHeaderBytes);
static_assert(std::is_trivially_copyable_v<RingFileHeader>);
static_assert(offsetof(RingFileHeader, state) == 32);
static_assert(offsetof(RingFileHeader, producer) == 40);
static_assert(offsetof(RingFileHeader, boot_id) == 72);
static_assert(offsetof(RingFileHeader, clocks) == 368);
static_assert(offsetof(RingFileHeader, drained_records) == 472);
static_assert(offsetof(RingFileHeader, spool_path) == 580);
static_assert(offsetof(RingFileHeader, first_drops) == 4680);
static_assert(offsetof(RingFileHeader, waiting) == 10824);

enum class ChunkKind : uint32_t { kFree = 0, kRecords = 1, kMeta = 2, kTasks = 3 };

struct ChunkHeader {
  uint32_t kind;           // ChunkKind
  uint32_t ring;           // kRecords
  uint64_t sequence;       // among the chunks of its ring, or of the meta chunks: 0, 1, 2, ...
  uint64_t first_number;   // kRecords: of its first record
  uint32_t committed;      // kRecords, kMeta: bytes of whole records; stored with release
  uint32_t hole_reason;    // kRecords: GapReason of the numbers missing before first_number, or 0
  int32_t next;            // the owner's own: chunks from here to the ring's next one, 0 none yet
  uint32_t drop_reason;    // kRecords: GapReason of the newest of dropped_after
  uint64_t dropped_after;  // kRecords: numbers after its last record that were dropped so far
  // kRecords: numbers below this are in segments, or told there as gaps; stored by the drain, late.
  uint64_t drained_past;
  uint32_t reserved[2];
};
static_assert(sizeof(ChunkHeader) == 64);
static_assert(offsetof(ChunkHeader, dropped_after) == 40);
constexpr size_t kChunkPayloadBytes = kChunkBytes - sizeof(ChunkHeader);
static_assert(kMaxRecordBytes <= kChunkPayloadBytes);

// A task that has begun and not ended. record.number is 0 when free; it is stored last, with
// release, when the task begins, and cleared first when it ends. Of `record`: activity_id,
// workflow_id, number, parent, begin_ticks, header.flags (kTaskParentIsForeign), attempt and ring
// hold; the rest means nothing.
constexpr size_t kSlotCells = 24;
constexpr size_t kSlotTailBytes = 568;
constexpr uint32_t kSlotIsPartial = 1;  // more values than fit; those here are the first
struct TaskSlot {
  TaskRecord record;
  uint32_t count;  // of shape and cells; stored with release after what it counts
  uint32_t flags;
  uint64_t reserved;
  ShapeCell shape[kSlotCells];
  uint64_t cells[kSlotCells];  // is_in_tail(tag): a packed TailSpan whose offset counts from `tail`
  char tail[kSlotTailBytes];
};
static_assert(sizeof(TaskSlot) == 1024);
static_assert(offsetof(TaskSlot, shape) == 72);
static_assert(offsetof(TaskSlot, tail) == 456);
constexpr size_t kSlotsPerChunk = kChunkPayloadBytes / sizeof(TaskSlot);
static_assert(kSlotsPerChunk == 63);
// Slot i of a kTasks chunk begins sizeof(ChunkHeader) + i * sizeof(TaskSlot) after the chunk.

}  // namespace headrace::capture

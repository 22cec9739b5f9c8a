// One thread's buffer of finished records: chunks of 64 KiB in the ring file, one writer, one
// reader, no lock.
//
//   writer (its thread)                                   reader (whoever holds the drain's lock)
//   reserve -> copy -> commit: one release store          acquire `committed`, read up to it
//
//     read_ -> [chunk: committed 65,472 | next ----] -> [chunk: committed 1,200 | next 0] <- write_
//               all read and next set: back to the pool           still being filled
//
// A chunk never moves. `next` is set, with release, only after the chunk's last record is
// committed, so a reader that sees it knows the chunk is complete.
//
// Every record gets a number, also one that is then dropped. So a drop is a hole in the numbers,
// always between two chunks or after the last: the reader finds it and tells it as a gap.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/id.h"
#include "capture/chunk_pool.h"
#include "capture/shared_word.h"
#include "encode/record.h"

namespace headrace::capture {

class Ring {
 public:
  explicit Ring(uint32_t index)
      : index_(index),
        next_task_((static_cast<TaskNumber>(index) << kTaskCounterBits) + 1),
        past_tasks_((static_cast<TaskNumber>(index) + 1) << kTaskCounterBits) {}

  // --- the writer ---
  // Room for `bytes` (a multiple of 8, at most kMaxRecordBytes), or null when a chunk is needed:
  // then call give_chunk and reserve again, or drop.
  char* reserve(size_t bytes) {
    return bytes <= static_cast<size_t>(limit_ - cursor_) ? cursor_ : nullptr;
  }
  // What was reserved last is a whole record now, and survives the process.
  void commit(size_t bytes) {
    cursor_ += bytes;
    store_release(write_->committed, static_cast<uint32_t>(cursor_ - payload_of(write_)));
    numbers_.store(numbers_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
  // `chunk`: fresh from the pool. Null: none can be had, and nothing fits any more.
  void give_chunk(ChunkHeader* chunk);
  // The record that would be next is lost. Its number is not used again.
  void drop(GapReason reason);
  // Before the first drop of a ring without a chunk: where to tell of it. Outlives the ring.
  bool wants_place() const { return write_ == nullptr && numbers() == 0; }
  void use_place(FirstDrops* place) { first_drops_.store(place, std::memory_order_release); }
  // 0: the ring has given all of its 2^40 - 1; then Recorder::number_from_new_ring.
  TaskNumber next_task_number() {
    if (next_task_ == past_tasks_) [[unlikely]]
      return 0;
    return next_task_++;
  }
  // The first of `count` task numbers, for others to use; 0: there are not so many left.
  TaskNumber set_aside(uint64_t count) {
    if (past_tasks_ - next_task_ < count) return 0;
    return std::exchange(next_task_, next_task_ + count);
  }
  // For tests: so many task numbers are left.
  void leave_task_numbers(uint64_t count) { next_task_ = past_tasks_ - count; }
  void close() { closed_.store(true, std::memory_order_release); }
  // For a writer that is its own reader just now and has read all: its last chunk begins anew.
  // False when there is none.
  bool rewind();

  // --- the reader ---
  // The next whole records, at most `limit_bytes` (>= kMaxRecordBytes); empty when there are none
  // now. Valid until consumed. The same again until then. A chunk that is done goes to `pool`.
  std::string_view readable(size_t limit_bytes, ChunkPool& pool);
  // The number of the first of them. More than next_number(): those between were dropped.
  uint64_t first_number() const;
  GapReason hole_reason() const;
  void consume(size_t bytes, uint64_t first_number, uint64_t records) {
    read_at_ += bytes;
    skip_to(first_number + records);
  }
  // Records below it are written, or were dropped and have been told.
  void skip_to(uint64_t number);
  uint64_t next_number() const { return next_number_; }
  // Gives back the last chunk of a closed ring that is read to its end.
  void release(ChunkPool& pool);
  bool closed() const { return closed_.load(std::memory_order_acquire); }

  // Numbers given out: of what is committed and of what was dropped. Every committed record below
  // it is seen by who reads it first.
  uint64_t numbers() const { return numbers_.load(std::memory_order_acquire); }
  GapReason last_drop() const { return last_drop_.load(std::memory_order_relaxed); }
  uint32_t index() const { return index_; }

 private:
  void begin(ChunkHeader* chunk);

  const uint32_t index_;
  // writer's
  char* cursor_ = nullptr;
  char* limit_ = nullptr;
  ChunkHeader* write_ = nullptr;
  TaskNumber next_task_;
  const TaskNumber past_tasks_;  // of the next ring
  uint64_t sequence_ = 0;
  bool dropped_ = false;  // since the last chunk was given
  // shared
  std::atomic<uint64_t> numbers_{0};
  std::atomic<ChunkHeader*> first_{nullptr};
  std::atomic<FirstDrops*> first_drops_{nullptr};
  std::atomic<GapReason> last_drop_{};
  std::atomic<bool> closed_{false};
  // reader's, on a line that the writer does not write
  alignas(64) ChunkHeader* read_ = nullptr;
  size_t read_at_ = 0;
  uint64_t next_number_ = 0;
};

}  // namespace headrace::capture

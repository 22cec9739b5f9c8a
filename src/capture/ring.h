// One thread's buffer of finished records: chunks of 64 KiB, one writer, one reader, no lock.
//
//   writer (its thread)                                   reader (whoever drains)
//   reserve -> copy -> commit: one release store          acquire `committed`, read up to it
//
//     read_ -> [chunk: committed 65,480 | next ----] -> [chunk: committed 1,200 | next null] <-
//     write_
//               all read and next set: back to the pool           still being filled
//
// A chunk never moves. `next` is set, with release, only after the chunk's last record is
// committed, so a reader that sees it knows the chunk is complete.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "capture/ring_file.h"
#include "encode/record.h"

namespace headrace::capture {

struct Chunk {
  std::atomic<uint32_t> committed{0};
  std::atomic<Chunk*> next{nullptr};
  alignas(64) char bytes[kChunkBytes - 64];
};
static_assert(sizeof(Chunk) == kChunkBytes);
static_assert(kMaxRecordBytes <= sizeof(Chunk::bytes));

// Chunks of the process, reused. At most `limit` are out at a time.
class ChunkPool {
 public:
  explicit ChunkPool(size_t limit) : limit_(limit) {}
  ~ChunkPool();
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;
  // Null when `limit` chunks are out and not `over_limit`. Pages are touched before first use.
  Chunk* take(bool over_limit);
  void give(Chunk* chunk);
  bool more_than_half_out() const { return out_.load(std::memory_order_relaxed) * 2 > limit_; }

 private:
  const size_t limit_;
  std::mutex mutex_;
  std::vector<Chunk*> free_;
  std::atomic<size_t> out_{0};
};

// A task that has begun and not ended, where another thread can see it. `number` is 0 when free; it
// is stored last, with release, by the thread that begins, and cleared by the one that ends.
struct OpenTask {
  std::atomic<TaskNumber> number{0};
  std::atomic<uint64_t> begin_ticks{0};
  std::atomic<uint64_t> parent{0};
  std::atomic<uint32_t> activity_id{0};
  std::atomic<uint32_t> workflow_id{0};
  std::atomic<bool> parent_is_foreign{false};
  // The reader's: the number it saw here last, since when, and the last one it announced.
  TaskNumber seen = 0;
  int64_t seen_ns = 0;
  TaskNumber announced = 0;
};
constexpr size_t kOpenTasks = 128;

class Ring {
 public:
  explicit Ring(uint32_t index) : index_(index) {}

  // --- the writer ---
  // Room for `bytes` (a multiple of 8, at most kMaxRecordBytes), or null when a chunk is needed:
  // then call give_chunk and reserve again.
  char* reserve(size_t bytes) {
    return bytes <= static_cast<size_t>(limit_ - cursor_) ? cursor_ : nullptr;
  }
  void commit(size_t bytes) {
    cursor_ += bytes;
    write_->committed.store(static_cast<uint32_t>(cursor_ - write_->bytes),
                            std::memory_order_release);
  }
  void give_chunk(Chunk* chunk);
  TaskNumber next_task_number() {
    return static_cast<TaskNumber>(index_) << kTaskCounterBits | ++tasks_;
  }
  // A free entry, or null when kOpenTasks are open: such a task is not announced, only recorded.
  OpenTask* open_task();
  void close() { closed_.store(true, std::memory_order_release); }

  // --- the reader ---
  // The next whole records, at most `limit_bytes` (>= kMaxRecordBytes); empty when there are none
  // now. The view is valid until the next call; a chunk that is done goes back to `pool`.
  std::string_view readable(size_t limit_bytes, ChunkPool& pool);
  void consume(size_t bytes) { read_at_ += bytes; }
  // Gives back the last chunk of a closed ring that is read to its end.
  void release(ChunkPool& pool);
  bool closed() const { return closed_.load(std::memory_order_acquire); }
  std::array<OpenTask, kOpenTasks>& open_tasks() { return open_; }
  uint64_t next_number = 0;  // of the next record to be read

  uint32_t index() const { return index_; }

 private:
  const uint32_t index_;
  // writer's
  char* cursor_ = nullptr;
  char* limit_ = nullptr;
  Chunk* write_ = nullptr;
  uint64_t tasks_ = 0;
  size_t open_hint_ = 0;
  // shared
  std::atomic<Chunk*> first_{nullptr};
  std::atomic<bool> closed_{false};
  std::array<OpenTask, kOpenTasks> open_;
  // reader's
  Chunk* read_ = nullptr;
  size_t read_at_ = 0;
};

}  // namespace headrace::capture

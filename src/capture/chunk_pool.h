// The mapping's chunks, handed out and taken back. A chunk that was real once stays so.
//
// Taking one is off the hot path: a lock, and the first time the system call that makes it real.
// Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "capture/ring_mapping.h"

namespace headrace::capture {

class ChunkPool {
 public:
  // All chunks of `mapping` (null: none) are free; those of an earlier mapping are forgotten.
  void use(RingMapping* mapping);
  // A chunk of kind free, every other field as it was left: the taker fills in all of them and the
  // kind last. Null when none is left, or no space for one that was never taken.
  // Of records at most kPoolChunks are out unless `over_limit`.
  ChunkHeader* take(ChunkKind kind, bool over_limit = false);
  void give(ChunkHeader* chunk);
  // Record chunks that are out.
  uint32_t records_out() const { return records_out_.load(std::memory_order_relaxed); }

 private:
  static constexpr int64_t kRetry_ns = 10'000'000;
  bool is_over_limit(ChunkKind kind) const;

  std::mutex mutex_;
  RingMapping* mapping_ = nullptr;
  std::vector<uint32_t> free_;    // real ones
  std::vector<uint32_t> hollow_;  // not real: never taken, or there was no space
  int64_t no_space_until_ns_ = 0;
  std::atomic<uint32_t> records_out_{0};
  uint32_t tasks_out_ = 0;
  uint32_t meta_out_ = 0;
};

}  // namespace headrace::capture

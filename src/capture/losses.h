// What was not kept, and why: counted here, in the ring file's header, and told in gap records.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "capture/ring_file.h"

namespace headrace::capture {

class Losses {
 public:
  using Counters = std::array<uint64_t, kDropReasons>;

  void count(GapReason reason, uint64_t count) {
    const auto at = static_cast<size_t>(reason);
    counters_[at].fetch_add(count, std::memory_order_relaxed);
    if (RingFileHeader* header = header_.load(std::memory_order_acquire); header != nullptr) {
      __atomic_fetch_add(&header->lost[at], count, __ATOMIC_RELAXED);
    }
  }
  uint64_t of(GapReason reason) const {
    return counters_[static_cast<size_t>(reason)].load(std::memory_order_relaxed);
  }
  // Records that got a number and no place.
  uint64_t dropped() const {
    return of(GapReason::kWriteFailed) + of(GapReason::kPoolExhausted) + of(GapReason::kTooLarge);
  }
  // A free place in the header for a ring that has no chunk. Null: there is none.
  FirstDrops* place_for(uint32_t ring) {
    RingFileHeader* const header = header_.load(std::memory_order_acquire);
    if (header == nullptr) return nullptr;
    for (FirstDrops& place : header->first_drops) {
      uint32_t free = 0;
      if (__atomic_compare_exchange_n(&place.ring, &free, ring, false, __ATOMIC_RELAXED,
                                      __ATOMIC_RELAXED)) {
        return &place;
      }
    }
    return nullptr;
  }
  // Where to count besides; null: nowhere.
  void mirror(RingFileHeader* header) { header_.store(header, std::memory_order_release); }

 private:
  std::array<std::atomic<uint64_t>, kDropReasons> counters_{};
  std::atomic<RingFileHeader*> header_{nullptr};
};

}  // namespace headrace::capture

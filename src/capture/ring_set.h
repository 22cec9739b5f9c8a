// The rings of the process's threads. Any thread; off the hot path.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "capture/ring.h"

namespace headrace::capture {

class RingSet {
 public:
  // One more than any other; none is given twice. 0 is the drain's own.
  static constexpr uint32_t kPastIndex = uint32_t{1} << (kTaskNumberBits - kTaskCounterBits);

  // Null: all indexes were given out.
  Ring* add();
  // For tests: the index of the next ring.
  void begin_at(uint32_t index) { next_index_ = index; }
  std::vector<Ring*> all() const;
  // Takes a closed ring out, which has been read to its end.
  void remove(Ring* ring, ChunkPool& pool);
  // Numbers given out by all rings there were: records committed or dropped.
  uint64_t numbers() const;
  // Whether another thread than the one that writes `mine` could still record.
  bool others_live(const Ring* mine) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Ring>> rings_;
  uint32_t next_index_ = 1;
  uint64_t removed_numbers_ = 0;
};

}  // namespace headrace::capture

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
  Ring* add();
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
  uint32_t next_index_ = 1;  // 0 is the drain's own
  uint64_t removed_numbers_ = 0;
};

}  // namespace headrace::capture

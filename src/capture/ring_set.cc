#include "capture/ring_set.h"

namespace headrace::capture {

Ring* RingSet::add() {
  const std::lock_guard lock(mutex_);
  if (next_index_ >= kPastIndex) return nullptr;
  rings_.push_back(std::make_unique<Ring>(next_index_++));
  return rings_.back().get();
}

std::vector<Ring*> RingSet::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<Ring*> out;
  out.reserve(rings_.size());
  for (const auto& ring : rings_) out.push_back(ring.get());
  return out;
}

void RingSet::remove(Ring* ring, ChunkPool& pool) {
  const std::lock_guard lock(mutex_);
  removed_numbers_ += ring->numbers();
  ring->release(pool);
  std::erase_if(rings_, [ring](const auto& one) { return one.get() == ring; });
}

uint64_t RingSet::numbers() const {
  const std::lock_guard lock(mutex_);
  uint64_t out = removed_numbers_;
  for (const auto& ring : rings_) out += ring->numbers();
  return out;
}

bool RingSet::others_live(const Ring* mine) const {
  const std::lock_guard lock(mutex_);
  for (const auto& ring : rings_) {
    if (ring.get() != mine && !ring->closed()) return true;
  }
  return false;
}

}  // namespace headrace::capture

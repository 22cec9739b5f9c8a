#include "capture/chunk_pool.h"

#include "base/clock.h"
#include "capture/shared_word.h"

namespace headrace::capture {

void ChunkPool::use(RingMapping* mapping) {
  const std::lock_guard lock(mutex_);
  mapping_ = mapping;
  free_.clear();
  hollow_.clear();
  records_out_ = 0;
  tasks_out_ = 0;
  meta_out_ = 0;
  if (mapping == nullptr) return;
  free_.reserve(kMappingChunks);
  hollow_.reserve(kMappingChunks);
  for (uint32_t i = kMappingChunks; i-- > 1;) hollow_.push_back(i);
  free_.push_back(0);  // made real with the mapping
}

bool ChunkPool::is_over_limit(ChunkKind kind) const {
  switch (kind) {
    case ChunkKind::kTasks: return tasks_out_ >= kTaskChunks;
    case ChunkKind::kMeta: return meta_out_ >= kMetaChunks;
    default: return records_out_.load(std::memory_order_relaxed) >= kPoolChunks;
  }
}

ChunkHeader* ChunkPool::take(ChunkKind kind, bool over_limit) {
  const std::lock_guard lock(mutex_);
  if (mapping_ == nullptr || (is_over_limit(kind) && !over_limit)) return nullptr;
  uint32_t index = 0;
  if (!free_.empty()) {
    index = free_.back();
    free_.pop_back();
  } else {
    // A thread that drops must not ask the kernel again for each record.
    if (hollow_.empty() || now_monotonic_ns() < no_space_until_ns_) return nullptr;
    index = hollow_.back();
    if (!mapping_->make_real(index)) {
      no_space_until_ns_ = now_monotonic_ns() + kRetry_ns;
      return nullptr;
    }
    hollow_.pop_back();
  }
  if (kind == ChunkKind::kTasks) {
    ++tasks_out_;
  } else if (kind == ChunkKind::kMeta) {
    ++meta_out_;
  } else {
    records_out_.fetch_add(1, std::memory_order_relaxed);
  }
  return mapping_->chunk(index);
}

void ChunkPool::give(ChunkHeader* chunk) {
  const std::lock_guard lock(mutex_);
  if (mapping_ == nullptr || !mapping_->holds(chunk)) return;
  const auto kind = static_cast<ChunkKind>(load_relaxed(chunk->kind));
  store_release(chunk->kind, static_cast<uint32_t>(ChunkKind::kFree));
  free_.push_back(mapping_->index_of(chunk));
  if (kind == ChunkKind::kMeta) {
    --meta_out_;
  } else {
    records_out_.fetch_sub(1, std::memory_order_relaxed);
  }
}

}  // namespace headrace::capture

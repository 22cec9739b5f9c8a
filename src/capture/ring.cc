#include "capture/ring.h"

#include <cstring>
#include <new>

namespace headrace::capture {

ChunkPool::~ChunkPool() {
  for (Chunk* chunk : free_) delete chunk;
}

Chunk* ChunkPool::take(bool over_limit) {
  Chunk* chunk = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (out_.load(std::memory_order_relaxed) >= limit_ && !over_limit) return nullptr;
    if (!free_.empty()) {
      chunk = free_.back();
      free_.pop_back();
    }
    out_.fetch_add(1, std::memory_order_relaxed);
  }
  if (chunk == nullptr) {
    chunk = new (std::nothrow) Chunk;
    if (chunk == nullptr) {
      out_.fetch_sub(1, std::memory_order_relaxed);
      return nullptr;
    }
    // A page's first touch costs ten to forty records; pay it here.
    std::memset(chunk->bytes, 0, sizeof chunk->bytes);
  }
  chunk->committed.store(0, std::memory_order_relaxed);
  chunk->next.store(nullptr, std::memory_order_relaxed);
  return chunk;
}

void ChunkPool::give(Chunk* chunk) {
  const std::lock_guard lock(mutex_);
  free_.push_back(chunk);
  out_.fetch_sub(1, std::memory_order_relaxed);
}

void Ring::give_chunk(Chunk* chunk) {
  if (write_ == nullptr) {
    first_.store(chunk, std::memory_order_release);
  } else {
    write_->next.store(chunk, std::memory_order_release);
  }
  write_ = chunk;
  cursor_ = chunk->bytes;
  limit_ = chunk->bytes + sizeof chunk->bytes;
}

OpenTask* Ring::open_task() {
  for (size_t i = 0; i < kOpenTasks; ++i) {
    const size_t at = (open_hint_ + i) % kOpenTasks;
    if (open_[at].number.load(std::memory_order_relaxed) == 0) {
      open_hint_ = at;
      return &open_[at];
    }
  }
  return nullptr;
}

std::string_view Ring::readable(size_t limit_bytes, ChunkPool& pool) {
  if (read_ == nullptr) read_ = first_.load(std::memory_order_acquire);
  if (read_ == nullptr) return {};
  // `next` before `committed`: a chunk that has a successor will get no more records.
  Chunk* next = read_->next.load(std::memory_order_acquire);
  if (next != nullptr && read_at_ == read_->committed.load(std::memory_order_acquire)) {
    pool.give(read_);
    read_ = next;
    read_at_ = 0;
  }
  const size_t committed = read_->committed.load(std::memory_order_acquire);
  size_t end = read_at_;
  while (end < committed) {
    const size_t size = load_le<uint32_t>(read_->bytes + end);
    if (end + size - read_at_ > limit_bytes) break;
    end += size;
  }
  return {read_->bytes + read_at_, end - read_at_};
}

void Ring::release(ChunkPool& pool) {
  if (read_ == nullptr) read_ = first_.load(std::memory_order_acquire);
  if (read_ != nullptr) pool.give(read_);
  read_ = nullptr;
}

}  // namespace headrace::capture

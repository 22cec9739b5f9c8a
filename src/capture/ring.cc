#include "capture/ring.h"

namespace headrace::capture {
namespace {

ChunkHeader* next_of(ChunkHeader* chunk) {
  const int32_t distance = load_acquire(chunk->next);
  if (distance == 0) return nullptr;
  return reinterpret_cast<ChunkHeader*>(reinterpret_cast<char*>(chunk) +
                                        distance * static_cast<ptrdiff_t>(kChunkBytes));
}

void link(ChunkHeader* chunk, ChunkHeader* next) {
  const ptrdiff_t bytes = reinterpret_cast<char*>(next) - reinterpret_cast<char*>(chunk);
  store_release(chunk->next, static_cast<int32_t>(bytes / static_cast<ptrdiff_t>(kChunkBytes)));
}

}  // namespace

void Ring::begin(ChunkHeader* chunk) {
  chunk->ring = index_;
  chunk->sequence = sequence_++;
  chunk->first_number = numbers_.load(std::memory_order_relaxed);
  store_relaxed(chunk->committed, 0u);
  chunk->hole_reason = dropped_ ? static_cast<uint32_t>(last_drop()) : 0;
  store_relaxed(chunk->next, 0);
  chunk->drop_reason = 0;
  chunk->dropped_after = 0;
  store_relaxed(chunk->drained_past, uint64_t{0});
  store_release(chunk->kind, static_cast<uint32_t>(ChunkKind::kRecords));
  dropped_ = false;
  cursor_ = payload_of(chunk);
  limit_ = cursor_ + kChunkPayloadBytes;
}

void Ring::give_chunk(ChunkHeader* chunk) {
  if (chunk == nullptr) {
    limit_ = cursor_;
    return;
  }
  begin(chunk);
  if (write_ == nullptr) {
    first_.store(chunk, std::memory_order_release);
  } else {
    link(write_, chunk);
  }
  write_ = chunk;
}

void Ring::drop(GapReason reason) {
  last_drop_.store(reason, std::memory_order_relaxed);
  dropped_ = true;
  limit_ = cursor_;  // a hole may only stand between chunks
  if (write_ != nullptr) {
    write_->drop_reason = static_cast<uint32_t>(reason);
    store_release(write_->dropped_after, write_->dropped_after + 1);
  } else if (FirstDrops* const place = first_drops_.load(std::memory_order_relaxed);
             place != nullptr) {
    store_relaxed(place->reason, static_cast<uint32_t>(reason));
    store_release(place->dropped, numbers_.load(std::memory_order_relaxed) + 1);
  }
  numbers_.store(numbers_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

bool Ring::rewind() {
  if (write_ == nullptr || read_ != write_ || read_at_ != load_relaxed(write_->committed)) {
    return false;
  }
  store_release(write_->kind, static_cast<uint32_t>(ChunkKind::kFree));
  begin(write_);
  read_at_ = 0;
  return true;
}

std::string_view Ring::readable(size_t limit_bytes, ChunkPool& pool) {
  if (read_ == nullptr) read_ = first_.load(std::memory_order_acquire);
  if (read_ == nullptr) return {};
  // `next` before `committed`: a chunk that has a successor will get no more records.
  ChunkHeader* const next = next_of(read_);
  if (next != nullptr && read_at_ == load_acquire(read_->committed)) {
    pool.give(read_);
    read_ = next;
    read_at_ = 0;
  }
  const char* const records = payload_of(read_);
  const size_t committed = load_acquire(read_->committed);
  size_t end = read_at_;
  while (end < committed) {
    const size_t size = load_le<uint32_t>(records + end);
    if (end + size - read_at_ > limit_bytes) break;
    end += size;
  }
  return {records + read_at_, end - read_at_};
}

uint64_t Ring::first_number() const {
  return read_at_ == 0 && read_ != nullptr ? read_->first_number : next_number_;
}

void Ring::skip_to(uint64_t number) {
  next_number_ = number;
  if (read_ != nullptr) store_relaxed(read_->drained_past, number);
  if (FirstDrops* const place = first_drops_.load(std::memory_order_acquire); place != nullptr) {
    store_relaxed(place->drained_past, number);
  }
}

GapReason Ring::hole_reason() const { return static_cast<GapReason>(read_->hole_reason); }

void Ring::release(ChunkPool& pool) {
  if (read_ == nullptr) read_ = first_.load(std::memory_order_acquire);
  if (read_ != nullptr) pool.give(read_);
  read_ = nullptr;
  first_.store(nullptr, std::memory_order_relaxed);
  write_ = nullptr;
  cursor_ = nullptr;
  limit_ = nullptr;
  read_at_ = 0;
}

}  // namespace headrace::capture

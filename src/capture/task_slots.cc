#include "capture/task_slots.h"

#include <new>

#include "capture/shared_word.h"

namespace headrace::capture {

void TaskSlots::use(RingMapping* mapping) {
  const std::lock_guard lock(mutex_);
  slabs_.clear();
  free_.clear();
  exhausted_ = mapping == nullptr;
  if (mapping != nullptr) mappings_.push_back(mapping);
}

bool TaskSlots::add_slab() {
  if (exhausted_) return false;
  std::unique_ptr<Notes[]> notes(new (std::nothrow) Notes[kSlotsPerChunk]);
  try {
    // All memory first: a slab is known whole or not at all, and giving back never allocates.
    slabs_.reserve(slabs_.size() + 1);
    notes_.reserve(notes_.size() + 1);
    free_.reserve((slabs_.size() + 1) * kSlotsPerChunk);
  } catch (const std::bad_alloc&) {
    return false;
  }
  ChunkHeader* chunk = notes == nullptr ? nullptr : pool_.take(ChunkKind::kTasks);
  exhausted_ = chunk == nullptr;
  if (chunk == nullptr) return false;
  auto* const slots = reinterpret_cast<TaskSlot*>(payload_of(chunk));
  for (size_t i = kSlotsPerChunk; i-- > 0;) {
    store_relaxed(slots[i].record.number, TaskNumber{0});
    free_.push_back(&slots[i]);
  }
  slabs_.push_back({slots, notes.get()});
  notes_.push_back(std::move(notes));
  store_release(chunk->kind, static_cast<uint32_t>(ChunkKind::kTasks));
  return true;
}

TaskSlot* TaskSlots::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty() || add_slab()) {
      TaskSlot* const slot = free_.back();
      free_.pop_back();
      return slot;
    }
  }
  return new (std::nothrow) TaskSlot{};
}

void TaskSlots::give(TaskSlot* slot) {
  if (slot == nullptr) return;
  const std::lock_guard lock(mutex_);
  for (const RingMapping* mapping : mappings_) {
    if (!mapping->holds(slot)) continue;
    if (mapping == mappings_.back()) free_.push_back(slot);
    return;
  }
  delete slot;
}

}  // namespace headrace::capture

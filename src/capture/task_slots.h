// The open-task slots of the ring file: a slab from which threads take a few at a time.
//
// A slot that is free has record.number 0. When the slab is out, a task's slot lies on the heap:
// the task is recorded when it ends, but neither announced nor recovered while it is open.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "capture/chunk_pool.h"
#include "capture/shared_word.h"

namespace headrace::capture {

class TaskSlots {
 public:
  explicit TaskSlots(ChunkPool& pool) : pool_(pool) {}

  // From now on slots come from `mapping` (null: from the heap). Those of an earlier one may still
  // be used by who has them, and are not taken back.
  void use(RingMapping* mapping);
  // A free slot, never null unless memory is out. Takes a lock: for a thread's first tasks.
  TaskSlot* take();
  void give(TaskSlot* slot);

  // Calls see(slot, notes) for each slot of the mapping that a task holds. `Notes` are the caller's
  // own beside each slot, kept from call to call. One caller at a time.
  struct Notes {
    TaskNumber seen = 0;  // the number it saw here last
    int64_t seen_ns = 0;
    TaskNumber announced = 0;
  };
  template <typename See>
  void for_each_open(See&& see) {
    for (const Slab& slab : slabs()) {
      for (size_t i = 0; i < kSlotsPerChunk; ++i) {
        if (load_acquire(slab.slots[i].record.number) != 0) see(slab.slots[i], slab.notes[i]);
      }
    }
  }
  // The same without notes: see(slot). Any thread.
  template <typename See>
  void for_each_slot(See&& see) {
    for (const Slab& slab : slabs()) {
      for (size_t i = 0; i < kSlotsPerChunk; ++i) {
        if (load_acquire(slab.slots[i].record.number) != 0) see(slab.slots[i]);
      }
    }
  }

 private:
  struct Slab {
    TaskSlot* slots;
    Notes* notes;
  };
  bool add_slab();
  std::vector<Slab> slabs() {
    const std::lock_guard lock(mutex_);
    return slabs_;
  }

  ChunkPool& pool_;
  std::mutex mutex_;
  std::vector<RingMapping*> mappings_;  // the last is in use
  std::vector<Slab> slabs_;
  std::vector<std::unique_ptr<Notes[]>> notes_;
  std::vector<TaskSlot*> free_;
  bool exhausted_ = false;
};

}  // namespace headrace::capture

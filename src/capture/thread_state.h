// What capture keeps for a thread: its ring, its current task and workflow, its caches.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "capture/fields.h"
#include "capture/shape_cache.h"

namespace headrace::capture {

class Recorder;
class Ring;
struct TaskState;
struct WorkflowState;

// Content-addressed cache of dictionary ids, so that a name costs no lock once it has been seen.
// Bounded: when full it begins anew. Without memory it keeps what it has.
class IdCache {
 public:
  static constexpr size_t kSlots = 512;
  // The cached id of `bytes`, or 0.
  uint32_t find(std::string_view bytes, uint64_t hash) const {
    for (size_t i = hash % kSlots, n = 0; n < 8; ++n, i = (i + 1) % kSlots) {
      if (slots_.empty() || slots_[i].id == 0) return 0;
      if (slots_[i].hash == hash && slots_[i].bytes == bytes) return slots_[i].id;
    }
    return 0;
  }
  void put(std::string_view bytes, uint64_t hash, uint32_t id) noexcept;
  void clear() { slots_.clear(); }

 private:
  struct Slot {
    uint64_t hash = 0;
    uint32_t id = 0;
    std::string bytes;
  };
  std::vector<Slot> slots_;
};

struct ThreadState {
  // Set while this thread may record: its ring, and the recorder whose ring and caches these are.
  // Null before its first event, in a fork child, and once the recorder has stopped; so one test
  // answers "is capture on", "is this process its own" and "has this thread a ring".
  Ring* ring = nullptr;
  Recorder* recorder = nullptr;
  ProducerId producer = 0;
  TaskState* current = nullptr;
  TaskState* free_tasks = nullptr;
  uint32_t free_count = 0;
  uint32_t root_parent = 0;  // dictionary id of HEADRACE_PARENT's task, 0 none
  WorkflowState* workflow = nullptr;
  Ring* parked_ring = nullptr;  // its ring while the recorder is stopped
  IdCache names;
  std::vector<uint64_t> stable_names;  // by number - 1; see stable_names.h
  IdCache shapes;
  IdCache references;  // to tasks of other producers
  bool ended = false;  // the thread is at its very end
  ShapeCache last_shapes;
};

namespace detail {
// Initial-exec: one load instead of a call. Eight bytes fit the reserve that the loader keeps for
// libraries loaded later.
extern constinit __attribute__((tls_model("initial-exec"))) thread_local ThreadState* t_state;
}  // namespace detail

ThreadState& make_thread_state();
inline ThreadState& this_thread() {
  ThreadState* const state = detail::t_state;
  if (state != nullptr) [[likely]]
    return *state;
  return make_thread_state();
}
// The same where there is one already, else null: makes nothing.
inline const ThreadState* existing_thread_state() { return detail::t_state; }
// In a fork child: everything that belonged to the parent's recorder is dropped; the task that was
// current stays, as the foreign parent of what the child does.
void thread_state_after_fork();

// 64 bits of `bytes`; not stable between processes.
uint64_t hash_bytes(const void* bytes, size_t length);

}  // namespace headrace::capture

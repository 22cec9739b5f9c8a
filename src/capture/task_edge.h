// Who wants to be told that a task begins or ends, now and then, on the thread that does it: the
// sampler, which reads there what the process has computed until then.
//
// One relaxed load where nobody is due to be told.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

namespace headrace::capture {

struct TaskEdge {
  static constexpr uint64_t kNever = std::numeric_limits<uint64_t>::max();
  // Told at the first edge from then on; sets it anew.
  static inline std::atomic<uint64_t> due_ticks{kNever};
  static inline std::atomic<void (*)()> told{nullptr};
};

inline void tell_edge(uint64_t now_ticks) {
  if (now_ticks < TaskEdge::due_ticks.load(std::memory_order_relaxed)) [[likely]]
    return;
  if (auto* const told = TaskEdge::told.load(std::memory_order_acquire); told != nullptr) told();
}

}  // namespace headrace::capture

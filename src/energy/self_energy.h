// Divides what one process's timeline counted among its tasks.
//
// At every moment the energy goes in equal parts to the tasks that are open and have no open child
// in the process: what they do themselves. Where none is open it is unattributed. Nothing is
// counted twice or lost: the parts and the unattributed rest add up to the whole, to the unit.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "energy/timeline.h"

namespace headrace::energy {

constexpr uint32_t kNoTask = UINT32_MAX;

struct TaskSpan {
  int64_t begin_ns = 0;
  int64_t end_ns = 0;         // a task that does not end after it began takes nothing
  uint32_t parent = kNoTask;  // the place, in the same list, of the parent in the same process
};

// The begins and ends of tasks in the order of time; made once and used for every domain.
std::vector<uint64_t> order_events(std::span<const TaskSpan> tasks);

struct TaskEnergy {
  int64_t self = 0;       // in the timeline's unit
  double window = 0;      // all that was counted between its begin and its end
  double covered_ns = 0;  // of that time
  double edge = 0;  // of the two windows that its begin and end cut: root of the sum of squares
};

struct SelfEnergy {
  std::vector<TaskEnergy> tasks;  // as the tasks stand in the list
  int64_t unattributed = 0;
};

// O(tasks + knots), after order_events' O(tasks log tasks).
SelfEnergy divide(const Timeline& timeline, std::span<const TaskSpan> tasks,
                  std::span<const uint64_t> events);

}  // namespace headrace::energy

// A task as a stretch of time, for dividing energy among them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace headrace::energy {

constexpr uint32_t kNoTask = UINT32_MAX;

struct TaskSpan {
  int64_t begin_ns = 0;
  int64_t end_ns = 0;         // a task that does not end after it began takes nothing
  uint32_t parent = kNoTask;  // the place, in the same list, of the parent in the same process
  uint32_t type = 0;          // its activity, numbered from 0
};

// An event is a task's place and whether it is its begin.
struct TaskEvent {
  uint32_t task;
  bool begins;
};

// The begins and ends of tasks in the order of time; made once and used for every domain. At one
// time ends come before begins.
std::vector<TaskEvent> order_events(std::span<const TaskSpan> tasks);

}  // namespace headrace::energy

// A window of the timeline at the scale of a screen: what a person can tell apart, and no more.
//
// A task as wide as a pixel or wider is a span of its own. Narrower ones of a lane that begin in
// one pixel become one span, but those that failed apart from the others, so a failure is never
// painted over; it keeps how many they were, the worst status and the longest. The longest narrow
// task of a lane stands alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "query/task_lanes.h"

namespace headrace::query {

struct WindowQuestion {
  int64_t from_ns = 0;
  int64_t to_ns = 0;    // after from_ns
  size_t width = 1000;  // pixels
  size_t lanes_from = 0;
  size_t lanes = 200;
};

struct WindowSpan {
  uint32_t lane = 0;        // of TaskLanes
  int64_t start_ns = 0;     // of the first
  int64_t duration_ns = 0;  // until the last one's end; -1: of one task that has not ended
  uint32_t activity = 0;    // of the longest
  uint8_t status = 0;       // the worst
  float energy_j = 0;       // the sum; NaN when one is unknown
  size_t row = 0;           // of TaskLanes: the task, of several the longest
  uint32_t count = 1;
  int64_t longest_ns = 0;
};

struct TaskWindow {
  std::vector<WindowSpan> spans;  // by lane, then by start
  uint64_t tasks = 0;             // that lie in the window, in these lanes
};

// Cost: two searches a lane and a look at each task in the window; a million about 10 ms. At most
// 3 spans a pixel and lane.
TaskWindow task_window(const TaskLanes& all, const WindowQuestion& question);

}  // namespace headrace::query

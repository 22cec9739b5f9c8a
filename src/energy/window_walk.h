// Goes through a timeline's windows and says what ran in each.
//
// At every moment those tasks run that are open and have no open child in the process: what they do
// themselves. A task's own time in a window is how long it ran there; its floor time is the same
// divided at every moment by how many ran, so that floor times add up to the time in which any ran.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "energy/task_span.h"
#include "energy/timeline.h"

namespace headrace::energy {

struct Exposure {
  uint32_t task = 0;
  double own_s = 0;
  double floor_s = 0;
};

struct Window {
  size_t index = 0;  // between the knots of this number and the next
  double length_s = 0;
  double busy_s = 0;  // in which any task ran
  std::span<const Exposure> exposures;
  // Of the model's power, where there is one: its integral, that of its square, and its value at
  // the window's end.
  double power_uj = 0;
  double square = 0;
  double end_uw = 0;
  // A task began or ended at its end: there the task's own thread reads the process's CPU time.
  bool ends_at_edge = false;
};

// What a type's task draws when it runs, and what is drawn at any moment besides.
struct ModelPower {
  std::span<const double> type_uw;  // empty: none
  double floor_uw = 0;
};

class WindowWalk {
 public:
  WindowWalk(const Timeline& timeline, std::span<const TaskSpan> tasks,
             std::span<const TaskEvent> events, ModelPower model = {});

  // The next window with something known of it, whether a task ran in it or not; false at the end.
  // O(events in it + tasks that run at its begin).
  bool next();
  const Window& window() const { return window_; }

 private:
  struct State {
    uint32_t open_children = 0;
    uint32_t place = UINT32_MAX;  // in running_
    uint32_t slot = 0;            // in exposures_, where `window` is this one
    uint32_t window = UINT32_MAX;
    bool open = false;
    double since_s = 0;  // began to run, or the window's begin
    double floor_since_s = 0;
  };

  void move_to(int64_t at_ns);
  void run(uint32_t task);
  void stop(uint32_t task);
  void note(uint32_t task);  // what it ran since since_s
  void happen(TaskEvent event);
  bool is_at_edge(int64_t at_ns) const;

  std::span<const Timeline::Knot> knots_;
  std::span<const TaskSpan> tasks_;
  std::span<const TaskEvent> events_;
  ModelPower model_;
  size_t next_event_ = 0;
  size_t next_window_ = 0;
  int64_t at_ns_ = 0;
  double now_s_ = 0;    // since the window's begin
  double floor_s_ = 0;  // what a task that ran all the time would have of it
  double power_uw_ = 0;
  std::vector<State> state_;
  std::vector<uint32_t> running_;
  std::vector<Exposure> exposures_;
  Window window_;
};

}  // namespace headrace::energy

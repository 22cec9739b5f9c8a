// Divides what one process's timeline counted among its tasks.
//
// Of every window each task that ran in it gets a part in proportion to what the model of activity
// powers (energy/activity_power.h) expects of it, and the time in which none ran gets the floor's.
// The model only decides who gets which part: an increment is divided in integers by largest
// remainder and never altered. How far a part may be off follows from how far the model was off in
// the windows themselves (energy/window_noise.h).
//
// A sensor that sees only part of the time counts too much or too little wherever power changes
// within a window. That is no task's: the part of a surprise that is likelier the sensor's than a
// task's is kept apart, and adds up to about nothing over a run.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "energy/activity_power.h"
#include "energy/task_span.h"
#include "energy/timeline.h"
#include "energy/window_walk.h"

namespace headrace::energy {

struct TaskEnergy {
  int64_t self = 0;           // micro-joules
  double own_s = 0;           // the time in which it ran itself and the counter counted
  double window = 0;          // all that was counted between its begin and its end
  double covered_ns = 0;      // of that time
  double variance = 0;        // of `self`, of its division: the sensor's own error is not in it
  double whole_variance = 0;  // of its and all that it holds in the process
  uint16_t gaps = 0;          // why not all of its time is covered
  double window_s = 0;        // the longest window in which it ran
};

// What all tasks of a type, or of the types that cannot be told from it, used together.
struct GroupEnergy {
  int64_t energy = 0;
  double variance = 0;
};

struct SelfEnergy {
  std::vector<TaskEnergy> tasks;  // as the tasks stand in the list
  ActivityPower powers;
  std::vector<GroupEnergy> groups;  // by TypePower::group
  int64_t rest = 0;                 // of the time in which no task ran
  int64_t unseen = 0;               // what a sensor that sees part of the time made of it
};

// A task shorter than this part of a window gets what its type gets on average: the windows say
// nothing of it alone, and its own figure is withheld.
constexpr double kShortest = 1.0 / 8;

struct DivideOptions {
  // Whether time without a task has a part in windows in which others had one.
  bool rest_takes_part = true;
  // Whether the sensor may look only part of the time, as GPUs' do.
  bool may_see_part = true;
  // Whether what is counted follows the CPU time that the process gets, which comes and goes.
  bool follows_cpu = false;
  // Told every window with what its tasks got of it, in micro-joules, as its exposures stand.
  std::function<void(const Window&, std::span<const int64_t> shares)> each_window{};
};

// `types`: how many there are. O(events + windows x tasks that run over their ends), three times
// through.
SelfEnergy divide(const Timeline& timeline, std::span<const TaskSpan> tasks,
                  std::span<const TaskEvent> events, size_t types,
                  const DivideOptions& options = {});

}  // namespace headrace::energy

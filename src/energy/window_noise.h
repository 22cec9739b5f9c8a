// How far what was counted in a window lies from what the model expects, and why.
//
//   variance of (counted - expected) = s A + b C + K                for a counter of energy
//   variance of (counted - expected) = s A + w N + l E + K          for what follows CPU time
//
// A: sum over the window's tasks of their expected energy squared, s: the variance of a task's
// power about its type's, relative. C: (length x standard deviation of the expected power within
// the window)^2, b: what a sensor that sees only part of the time makes of it; 0 for one that
// integrates. K: of both ends of the window, the power there times the spread of the end's time,
// squared, and the counter's step.
//
// A process gets its CPU in slices, and windows of its CPU time may be much shorter than a slice:
// what it got of one then says little of a task's power. N: sum over the window's tasks of their
// expected power squared x their time, w: the variance that comes and goes, for each second. And
// the kernel adds up the time of threads that run once in a tick (thread_group_cputime in
// kernel/sched/cputime.c): a reading by another thread lags by up to a tick, which is more than a
// short window counts. E: of the ends where no task's own thread read, the power there squared, l:
// the mean square of that lag, at most a tick's.
//
// s, b, w and l are fitted to the squares of the residuals, K is known.
#pragma once

#include <span>
#include <vector>

#include "energy/activity_power.h"
#include "energy/task_span.h"
#include "energy/timeline.h"
#include "energy/window_walk.h"

namespace headrace::energy {

struct WindowNoise {
  double spread = 0;     // s
  double flicker_s = 0;  // w
  double lag_s2 = 0;     // l
  double partial = 0;    // b
};

// What the model expects of a window.
struct Expected {
  std::vector<double> of_task;  // as the window's exposures
  double rest = 0;              // of the time in which no task ran
  double sum = 0;               // of both
  double squares = 0;           // A
  double flicker = 0;           // N
  double composition = 0;       // C
};
class Expectation {
 public:
  // `rest_takes_part`: else time without a task has none in windows in which there was one.
  Expectation(std::span<const TaskSpan> tasks, const ActivityPower& powers, bool rest_takes_part);
  // Valid until the next call.
  const Expected& of(const Window& window);
  ModelPower model() const { return {type_uw_, floor_uw_}; }

 private:
  std::span<const TaskSpan> tasks_;
  const bool rest_takes_part_;
  double floor_uw_ = 0;
  std::vector<double> type_uw_;  // above the floor
  Expected out_;
};

// Variance of the energy that lies on the wrong side of a knot, at that power.
double end_variance(const Timeline& timeline, const Timeline::Knot& knot, double power_uw);

// Of a window's end where the reading may lag, the square of the power there; else 0.
double lagging_square(const Window& window);

// Of a window between two such ends, whose times err alike: K.
double ends_variance(double begin, double end, double correlation);

// With too few windows to tell, what is assumed: a quarter, and a sensor that sees a quarter.
// `may_see_part`: else the sensor is known to integrate. `follows_cpu`: else w and l are 0.
WindowNoise find_noise(const Timeline& timeline, std::span<const TaskSpan> tasks,
                       std::span<const TaskEvent> events, Expectation& expectation,
                       bool may_see_part, bool follows_cpu);

}  // namespace headrace::energy

// How far what was counted in a window lies from what the model expects, and why.
//
//   variance of (counted - expected) = s A + b C + K
//
// A: sum over the window's tasks of their expected energy squared, s: the variance of a task's
// power about its type's, relative. C: (length x standard deviation of the expected power within
// the window)^2, b: what a sensor that sees only part of the time makes of it; 0 for one that
// integrates. K: of both ends of the window, the power there times the spread of the end's time,
// squared, and the counter's step. s and b are fitted to the squares of the residuals, K is known.
#pragma once

#include <span>
#include <vector>

#include "energy/activity_power.h"
#include "energy/task_span.h"
#include "energy/timeline.h"
#include "energy/window_walk.h"

namespace headrace::energy {

struct WindowNoise {
  double spread = 0;   // s
  double partial = 0;  // b
};

// What the model expects of a window.
struct Expected {
  std::vector<double> of_task;  // as the window's exposures
  double rest = 0;              // of the time in which no task ran
  double sum = 0;               // of both
  double squares = 0;           // A
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

// Of a window between two such ends, whose times err alike: K.
double ends_variance(double begin, double end, double correlation);

// With too few windows to tell, what is assumed: a quarter, and a sensor that sees a quarter.
// `may_see_part`: else the sensor is known to integrate.
WindowNoise find_noise(const Timeline& timeline, std::span<const TaskSpan> tasks,
                       std::span<const TaskEvent> events, Expectation& expectation,
                       bool may_see_part);

}  // namespace headrace::energy

// How far off a task's energy may be: one number that holds with 95 %, made of stated parts.
//
//   u95^2 = (0.475 edge)^2 + (relative x energy)^2 + (0.5 min(energy, others))^2
//
// edge: what the sensor's windows that the task's begin and end cut hold together; where in such a
// window its energy was used is not known, and a moment spread evenly over it is within 0.475 of
// its middle with 95 %. relative: the sensor's accuracy, or the model's. others: what the process
// spent meanwhile and was given to tasks outside this one; equal parts may be wrong by up to half.
#pragma once

#include <string_view>

namespace headrace::energy {

// A vendor's counter: NVML documents +-5 % for power; RAPL packages were within it against meters.
constexpr double kMeasuredRelative = 0.05;
// A measured counter divided by CPU time: a core's power differs with what it does by about this.
constexpr double kMixedRelative = 0.25;
// An estimate says "within N %" in its assumption; one that does not say is taken to be within
// this.
constexpr double kEstimatedRelative = 1;

// N / 100 of "within N %"; kEstimatedRelative without it.
double stated_relative(std::string_view assumption);

// All in joules.
double u95_j(double energy_j, double edge_j, double relative, double others_j);

}  // namespace headrace::energy

// How far off a task's energy may be: half of an interval that holds with 95 %.
//
//   u95^2 = sensor^2 + split^2,   split^2 = 1.96^2 variance + (model x energy)^2
//
// sensor: what the counter itself may be off by, in proportion: the same for all tasks of a sensor,
// so it does not shrink in a sum. variance: of the division among tasks, as the windows show it
// (energy/self_energy.h). model: of a division among processes by CPU time.
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
// A figure whose split may be off by more than this part of it is withheld.
constexpr double kLargestSplit = 0.5;

// N / 100 of "within N %"; kEstimatedRelative without it.
double stated_relative(std::string_view assumption);

// In joules, from the variance of the division in joules^2.
double split_u95_j(double variance_j2, double energy_j, double model_relative);

}  // namespace headrace::energy

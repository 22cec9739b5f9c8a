// What a running task of each activity draws, from the windows of a counter alone.
//
// Of every window it is known how much was counted in it, and how long tasks of each type ran in
// it. With P the power of a type's task running alone, and P0 that of the rest:
//
//   energy = P0 (length - sum of own times) + sum over types of P x own time + error
//
// which non-negative least squares solves over all windows, old ones slowly forgotten (Kepler and
// others divide by CPU time instead; see docs/design/energy.md). Types that mostly run together or
// in one order cannot be told apart by it: then they are joined to a group with one power, which is
// right for their sum.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "energy/task_span.h"
#include "energy/timeline.h"

namespace headrace::energy {

enum class Resolution : uint8_t {
  kResolved,    // the power of this type is known by itself
  kGrouped,     // known only for several types together
  kUnresolved,  // not known: the windows are too few, or what was counted follows no type
};
std::string_view name_of(Resolution resolution);

struct TypePower {
  double power_uw = 0;     // running alone, the domain's idle power included
  double relative_sd = 1;  // of power_uw, for this type by itself
  double group_sd = 1;     // and for its group as a whole
  Resolution resolution = Resolution::kUnresolved;
  uint32_t group = 0;  // the first type of those that share its power: itself when resolved
  int64_t windows = 0;
};

struct ActivityPower {
  // A type is told from others when its relative standard error is below, and its variance is not
  // inflated by more than this by the other types; and with at least so many windows.
  static constexpr double kLargestError = 0.2;
  static constexpr double kLargestInflation = 30;
  static constexpr int64_t kFewestWindows = 50;
  // More types than this are one, the rarest first.
  static constexpr size_t kMostTypes = 64;

  std::vector<TypePower> types;
  double floor_uw = 0;  // P0, drawn whatever runs
  // Else all is floor, so that every moment is as any other and those that run share it alike.
  bool knows_floor = false;
  double mean_uw = 0;  // of all windows
  int64_t windows = 0;
};

// `types`: how many there are. `follows_cpu`: as in DivideOptions. O(events + windows x types in a
// window^2 + types^4 at worst).
ActivityPower find_powers(const Timeline& timeline, std::span<const TaskSpan> tasks,
                          std::span<const TaskEvent> events, size_t types,
                          bool follows_cpu = false);

}  // namespace headrace::energy

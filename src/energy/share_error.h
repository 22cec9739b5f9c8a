// How far a task's (or a group's) sum of shares may be off, gathered window by window.
//
// With f the part that goes to it of what was counted beyond what was expected, m its own expected
// energy, and e the relative deviation of a task from its type: the share is off by (1 - f) m e for
// its own deviation, by f m' e' for every other's, by f times what the sensor did not see, and by
// the difference of f on both sides of a window's end times the energy that lies on its wrong side.
#pragma once

#include <cstdint>

namespace headrace::energy {

struct ShareError {
  double own = 0;   // sum of (1 - f) m: one deviation for all windows
  double rest = 0;  // variance of the other parts so far
  double end = 0;   // at the last end: difference of f x standard deviation of the energy
  float share = 0;  // f in the last window
  uint32_t window = UINT32_MAX;

  // `relative`: variance of its own deviation and of what is thought of its type's power.
  double variance(double relative) const { return relative * own * own + rest; }
};

}  // namespace headrace::energy

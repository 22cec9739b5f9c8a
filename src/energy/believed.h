// The readings of a counter that can be believed, unwrapped, and why others are not.
#pragma once

#include <span>
#include <vector>

#include "energy/timeline.h"

namespace headrace::energy {

struct Believed {
  int64_t at_ns = 0;
  uint64_t steps = 0;  // counted since the first reading; what is not known adds nothing
  uint16_t gaps = 0;   // of the time since the one before
};

// `samples` in the order of time.
std::vector<Believed> believe(const Counter& counter, std::span<const RawSample> samples);

}  // namespace headrace::energy

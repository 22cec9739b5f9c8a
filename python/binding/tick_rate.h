// How many ticks (base/clock.h) a second has, for limits that are given in seconds.
#pragma once

#include <cstdint>

namespace headrace::binding {

// Set once, when the module is imported; within a few parts in a thousand.
extern double ticks_per_s;
extern uint64_t ticks_per_ms;
// Takes 50 microseconds.
void measure_tick_rate();

}  // namespace headrace::binding

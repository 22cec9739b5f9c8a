#include "binding/tick_rate.h"

#include "base/clock.h"

namespace headrace::binding {

double ticks_per_s = 1e9;
uint64_t ticks_per_ms = 1'000'000;

void measure_tick_rate() {
  if (tick_source() == TickSource::kMonotonicNs) return;
  const ClockReading first = read_clocks();
  ClockReading last = first;
  while (last.monotonic_ns - first.monotonic_ns < 50'000) last = read_clocks();
  const auto elapsed_ns = static_cast<double>(last.monotonic_ns - first.monotonic_ns);
  ticks_per_s = static_cast<double>(last.ticks - first.ticks) / elapsed_ns * 1e9;
  ticks_per_ms = static_cast<uint64_t>(ticks_per_s / 1000);
}

}  // namespace headrace::binding

// Time. Records carry raw ticks; the collector turns them into wall time with clock records.
//
// ticks() is the CPU's time stamp counter where it is constant, never stops and the kernel itself
// trusts it as its clock source (so it agrees between cores), else CLOCK_MONOTONIC in ns. Which one
// is fixed for the life of the process. Measured here: 10 ns against 24 ns a read.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace headrace {

inline int64_t read_clock_ns(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}
inline int64_t now_monotonic_ns() { return read_clock_ns(CLOCK_MONOTONIC); }
inline int64_t now_realtime_ns() { return read_clock_ns(CLOCK_REALTIME); }

enum class TickSource : uint8_t { kMonotonicNs = 1, kTsc = 2 };
TickSource tick_source();

namespace detail {
extern bool ticks_are_tsc;  // written once, before main
}

inline uint64_t ticks() {
#if defined(__x86_64__)
  if (__builtin_expect(detail::ticks_are_tsc, 1)) return __rdtsc();
#endif
  return static_cast<uint64_t>(now_monotonic_ns());
}

// One moment read on all clocks. The true tick of `realtime_ns` is within `uncertainty_ns`.
struct ClockReading {
  uint64_t ticks = 0;
  int64_t monotonic_ns = 0;
  int64_t realtime_ns = 0;
  int64_t uncertainty_ns = 0;
};
ClockReading read_clocks();

// "2026-11-21T14:03:05.123456789Z" of ns since the epoch.
std::string utc_text(int64_t realtime_ns);

}  // namespace headrace

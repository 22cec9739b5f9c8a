#include "base/clock.h"

#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <limits>

#include "base/moment_text.h"

namespace headrace {
namespace {

// C stdio, because this runs before any other initialiser of the program.
bool first_line_has(const char* path, const char* line_start,
                    std::initializer_list<const char*> words) {
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return false;
  char line[8192];
  bool found = false;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::strncmp(line, line_start, std::strlen(line_start)) != 0) continue;
    found = true;
    for (const char* word : words) found = found && std::strstr(line, word) != nullptr;
    break;
  }
  std::fclose(file);
  return found;
}

bool tsc_is_the_kernels_clock() {
#if defined(__x86_64__)
  return first_line_has("/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc",
                        {}) &&
         first_line_has("/proc/cpuinfo", "flags", {" constant_tsc", " nonstop_tsc"});
#else
  return false;
#endif
}

}  // namespace

namespace detail {
bool ticks_are_tsc = false;
}

namespace {
// Before every other initialiser: a tick read by one of them must come from the same source.
__attribute__((constructor(101))) void choose_tick_source() {
  detail::ticks_are_tsc = tsc_is_the_kernels_clock();
}
}  // namespace

TickSource tick_source() {
  return detail::ticks_are_tsc ? TickSource::kTsc : TickSource::kMonotonicNs;
}

ClockReading read_clocks() {
  // The tightest of a few bracketed readings: being descheduled between two reads is what hurts.
  ClockReading best;
  best.uncertainty_ns = std::numeric_limits<int64_t>::max();
  for (int attempt = 0; attempt < 5; ++attempt) {
    const int64_t before_ns = now_monotonic_ns();
    const uint64_t at = ticks();
    const int64_t real_ns = now_realtime_ns();
    const int64_t after_ns = now_monotonic_ns();
    const int64_t width_ns = after_ns - before_ns;
    if (width_ns < best.uncertainty_ns) {
      best = {at, before_ns + width_ns / 2, real_ns, width_ns};
    }
  }
  return best;
}

std::string utc_text(int64_t realtime_ns) {
  int64_t seconds = realtime_ns / 1'000'000'000;
  int64_t ns = realtime_ns % 1'000'000'000;
  if (ns < 0) {
    ns += 1'000'000'000;
    --seconds;
  }
  return moment_text(seconds, ns);
}

}  // namespace headrace

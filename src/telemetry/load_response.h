// Which stretch of time a sensor shows: the one whose share of load explains its readings best.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace headrace::telemetry {

struct LoadSpan;

// What a refresh showed: the mean power, of a counter over the time since the refresh before.
struct ShownPower {
  int64_t at_ns = 0;
  int64_t since_ns = 0;
  double power_w = 0;
};

struct LoadResponse {
  int64_t window_ns = 0;
  int64_t latency_ns = 0;
  double base_w = 0;
  double amplitude_w = 0;
  double r_squared = 0;
};

// Over windows from a twentieth of the period to all of it, and beyond for a gauge, which may show
// a longer mean; and latencies up to two periods or 100 ms, in steps of a twentieth of a period,
// not below the resolution. Costs readings x some thousand.
LoadResponse fit_response(std::span<const ShownPower> shown, std::span<const LoadSpan> load,
                          int64_t period_ns, int64_t resolution_ns, bool is_gauge);

}  // namespace headrace::telemetry

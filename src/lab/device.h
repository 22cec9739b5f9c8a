// What else an accelerator shows while it draws a power: temperature, use, memory. Simple rules, so
// that a test can say what to expect.
#pragma once

#include <algorithm>
#include <cstdint>

#include "lab/meter.h"

namespace headrace::lab {

struct DeviceNow {
  uint64_t temperature_c = 0;
  uint64_t use_percent = 0;
  uint64_t memory_bytes = 0;
  bool throttled = false;  // by its power limit
};

constexpr uint64_t kIdle_w = 100;      // at or under it nothing runs
constexpr uint64_t kThrottle_w = 650;  // at or over it the limit holds clocks down

// 30 C and one more for every 10 W; used all the time above kIdle_w, else not at all; 10 MB a watt.
inline DeviceNow device_at(const PowerTrace& trace, const Shown& shown) {
  const auto power_w = static_cast<uint64_t>(trace.power_mw(shown.refreshed_ns)) / 1000;
  return {30 + power_w / 10, power_w > kIdle_w ? 100U : 0U, power_w * 10'000'000,
          power_w >= kThrottle_w};
}

}  // namespace headrace::lab

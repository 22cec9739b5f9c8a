// What a part of a machine draws over time, written down beforehand: so its energy is known
// exactly.
//
//   Result<PowerTrace> trace = PowerTrace::of({{0, 70'000}, {2'000'000'000, 250'000}},
//   4'000'000'000); trace->energy_uj(5'000'000'000);  // two seconds of 70 W, two of 250 W, one of
//   70 W
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"

namespace headrace::lab {

class PowerTrace {
 public:
  static constexpr int64_t kMost_mw = 100'000'000;  // 100 kW

  struct Step {
    int64_t at_ns = 0;
    int64_t power_mw = 0;  // from then until the next step
  };

  PowerTrace() = default;  // draws nothing
  // Steps in order of time, the first at 0. `repeat_ns` > 0: begins anew each time so much has
  // passed, and no step lies behind it. Errors: kInvalidArgument.
  static Result<PowerTrace> of(std::vector<Step> steps, int64_t repeat_ns = 0);

  int64_t power_mw(int64_t at_ns) const;
  // Drawn from time 0 on; the part of a micro-joule is cut off. At times before 0: none.
  uint64_t energy_uj(int64_t at_ns) const;

 private:
  // Micro-joules, and pico-joules beyond them.
  struct Energy {
    uint64_t uj = 0;
    uint64_t pj = 0;
  };
  static Energy drawn(const Energy& before, int64_t power_mw, int64_t for_ns);
  // The step of a time inside the first round.
  size_t step_of(int64_t at_ns) const;

  std::vector<Step> steps_;
  std::vector<Energy> before_;  // each step
  Energy round_;
  int64_t repeat_ns_ = 0;
};

}  // namespace headrace::lab

// An instrument over a power trace, with the habits and the faults of real ones: when it refreshes,
// what it sees, what it shows instead of an answer.
//
//   Meter meter(trace, {.period_ns = 100'000'000, .jitter = 0.03}, {});
//   Shown shown = meter.at(now_ns);  // what a reader is given at that time
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "lab/power_trace.h"

namespace headrace::lab {

struct Habit {
  int64_t period_ns = 100'000'000;  // between refreshes
  double jitter = 0;                // of a period, by which each refresh may come early or late
  double duty = 1;                  // the first so much of a period is looked at, the rest assumed
  uint64_t quantum_uj = 1;          // the counter moves in such steps
  uint64_t range_uj = 0;            // it wraps here; 0: it does not
  uint64_t start_uj = 0;            // what it shows at time 0
  uint64_t seed = 1;
};

enum class FaultKind : uint8_t {
  kDenied,      // EACCES
  kFailing,     // EIO
  kLost,        // the device is gone: ENODEV
  kReset,       // the counter begins anew at 0
  kFrozen,      // shows what it showed before
  kTorn,        // half an answer
  kImpossible,  // more than can have been drawn
  kZero,        // 0 instead of the count, as AMD GPUs were seen to
};

struct Fault {
  FaultKind kind = FaultKind::kFailing;
  int64_t from_ns = 0;
  int64_t to_ns = std::numeric_limits<int64_t>::max();
};

struct Shown {
  int error = 0;  // errno; then nothing else counts
  bool torn = false;
  uint64_t energy_uj = 0;
  uint64_t power_uw = 0;  // the mean of what was looked at in the last period
  int64_t refreshed_ns = 0;
  uint64_t refreshes = 0;
};

class Meter {
 public:
  static constexpr uint64_t kImpossible_uj = uint64_t{1} << 50;

  Meter(PowerTrace trace, Habit habit, std::vector<Fault> faults);
  // Going forward in time costs a step for each refresh where duty < 1, else nothing.
  Shown at(int64_t now_ns);
  const PowerTrace& trace() const { return trace_; }
  const Habit& habit() const { return habit_; }

 private:
  // Of the k-th refresh.
  int64_t refreshed_at(uint64_t k) const;
  uint64_t refreshes_by(int64_t now_ns) const;
  uint64_t seen_in(uint64_t k) const;
  uint64_t counted(uint64_t refreshes);

  PowerTrace trace_;
  Habit habit_;
  std::vector<Fault> faults_;
  uint64_t summed_ = 0;  // refreshes that sum_uj_ holds, where duty < 1
  uint64_t sum_uj_ = 0;
};

}  // namespace headrace::lab

// How often a provider is read.
//
//   no task open                      once a second
//   tasks open                        at the usual rate, 10 Hz
//   a task younger than 20 U open     every U/4, at least every 10 ms, at most as usual
//   the first second                  every 10 ms, until U is known; so again when a source is back
//   always                            twice before a counter can have wrapped
//
// U: how often its counters of energy are refreshed. Of a task that is older, the ends weigh
// little. What this costs is bounded by slowdown(); the bound of the wrap is not.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "telemetry/provider.h"
#include "telemetry/update_period.h"

namespace headrace::telemetry {

struct PaceTerms {
  int64_t usual_ns = 100'000'000;
  bool fixed = false;  // always as usual: somebody asked for a rate
};

class Pace {
 public:
  static constexpr int64_t kShortest_ns = 10'000'000;
  static constexpr int64_t kResting_ns = 1'000'000'000;
  static constexpr int64_t kProbe_ns = 1'000'000'000;
  // Of one core, for all that is sampled, where nobody sets another.
  static constexpr double kBudget = 0.001;

  Pace() = default;
  Pace(std::span<const SensorSpec> sensors, const PaceTerms& terms);

  // A counter of energy that a source refreshes: what the pace is for.
  static bool is_for(const SensorSpec& spec);

  // After a sweep that took so much CPU time of this thread.
  void swept(std::span<const Reading> readings, int64_t now_ns, int64_t cpu_ns);
  // From the last sweep to the next, for a youngest open task of that age; nothing: none is open.
  int64_t step_ns(std::optional<int64_t> youngest_ns) const;
  // The same, slowed down, but never beyond the bound of the wrap.
  int64_t step_ns(std::optional<int64_t> youngest_ns, double slowdown) const;
  // Of a sweep, about; 0: not known yet.
  double cpu_ns() const { return cpu_ns_; }
  std::optional<int64_t> period_ns(size_t counter) const;

 private:
  struct Counter {
    size_t reading = 0;
    int64_t said_ns = 0;
    UpdatePeriod period{};
    bool failed = false;
  };
  bool is_probing() const;

  PaceTerms terms_;
  std::vector<Counter> counters_;
  int64_t wrap_ns_ = 0;  // the longest step that the fastest wrap allows; 0: nothing wraps
  int64_t now_ns_ = 0;
  int64_t probe_until_ns_ = 0;
  uint64_t sweeps_ = 0;
  double cpu_ns_ = 0;
};

// By how much steps must be longer so that all together stay within the budget: 1 or more.
// `load`: the sum of each one's CPU time by its step; `budget`: of one core.
double slowdown(double load, double budget = Pace::kBudget);

}  // namespace headrace::telemetry

#include "lab/power_trace.h"

#include <algorithm>
#include <string>

namespace headrace::lab {
namespace {

constexpr uint64_t kPjPerUj = 1'000'000;
constexpr int64_t kSecond_ns = 1'000'000'000;

}  // namespace

// A milliwatt for a nanosecond is a pico-joule, for a second a thousand micro-joules.
PowerTrace::Energy PowerTrace::drawn(const Energy& before, int64_t power_mw, int64_t for_ns) {
  const auto mw = static_cast<uint64_t>(power_mw);
  const auto seconds = static_cast<uint64_t>(for_ns / kSecond_ns);
  const auto rest_ns = static_cast<uint64_t>(for_ns % kSecond_ns);
  const uint64_t pj = before.pj + mw * rest_ns;
  return {before.uj + mw * seconds * 1000 + pj / kPjPerUj, pj % kPjPerUj};
}

Result<PowerTrace> PowerTrace::of(std::vector<Step> steps, int64_t repeat_ns) {
  if (steps.empty() || steps[0].at_ns != 0) {
    return invalid_argument("a power trace begins at 0 s: give the power there first");
  }
  PowerTrace out;
  Energy energy;
  for (size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    if (step.power_mw < 0 || step.power_mw > kMost_mw) {
      return invalid_argument("a power of " + std::to_string(step.power_mw) +
                              " mW is not between 0 and 100 kW");
    }
    if (i > 0 && step.at_ns <= steps[i - 1].at_ns) {
      return invalid_argument("the steps of a power trace stand in order of time");
    }
    if (i > 0) {
      energy = drawn(energy, steps[i - 1].power_mw, step.at_ns - steps[i - 1].at_ns);
    }
    out.before_.push_back(energy);
  }
  if (repeat_ns != 0) {
    if (repeat_ns <= steps.back().at_ns) {
      return invalid_argument("a power trace repeats after its last step, not before");
    }
    out.round_ = drawn(energy, steps.back().power_mw, repeat_ns - steps.back().at_ns);
    out.repeat_ns_ = repeat_ns;
  }
  out.steps_ = std::move(steps);
  return out;
}

size_t PowerTrace::step_of(int64_t at_ns) const {
  const auto next = std::upper_bound(steps_.begin(), steps_.end(), at_ns,
                                     [](int64_t t, const Step& step) { return t < step.at_ns; });
  return static_cast<size_t>(next - steps_.begin()) - 1;
}

int64_t PowerTrace::power_mw(int64_t at_ns) const {
  if (steps_.empty() || at_ns < 0) return 0;
  return steps_[step_of(repeat_ns_ > 0 ? at_ns % repeat_ns_ : at_ns)].power_mw;
}

uint64_t PowerTrace::energy_uj(int64_t at_ns) const {
  if (steps_.empty() || at_ns <= 0) return 0;
  const auto rounds = static_cast<uint64_t>(repeat_ns_ > 0 ? at_ns / repeat_ns_ : 0);
  const int64_t inside_ns = repeat_ns_ > 0 ? at_ns % repeat_ns_ : at_ns;
  const size_t step = step_of(inside_ns);
  const Energy inside = drawn(before_[step], steps_[step].power_mw, inside_ns - steps_[step].at_ns);
  return rounds * round_.uj + inside.uj + (rounds * round_.pj + inside.pj) / kPjPerUj;
}

}  // namespace headrace::lab

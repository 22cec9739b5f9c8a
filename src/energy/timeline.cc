#include "energy/timeline.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace headrace::energy {
namespace {

constexpr double kBelief = 1.5;
constexpr double kLateRefresh_s = 1;

// Raw steps counted between two readings, or nothing when that cannot be known.
std::optional<uint64_t> steps_between(const Counter& counter, const RawSample& before,
                                      const RawSample& after) {
  const double window_s = static_cast<double>(after.at_ns - before.at_ns) * 1e-9;
  const double range = static_cast<double>(counter.range) * counter.per_step;
  // It may have wrapped more than once: no difference says how often.
  if (counter.range > 0 && counter.most_per_s * window_s > range / 2) return std::nullopt;
  uint64_t steps = 0;
  if (after.raw >= before.raw) {
    steps = after.raw - before.raw;
  } else if (counter.range > before.raw) {
    steps = after.raw + (counter.range - before.raw);
  } else {
    return std::nullopt;
  }
  const double most = kBelief * counter.most_per_s * (window_s + kLateRefresh_s);
  if (static_cast<double>(steps) * counter.per_step > most) return std::nullopt;
  return steps;
}

// A counter that reads low once or twice and then goes on from where it was has not begun anew.
// Seen on AMD GPUs: 100, 0, 100 and 100, 0, 0, 100.
bool is_glitch(const Counter& counter, const RawSample& before, std::span<const RawSample> from) {
  if (from[0].raw >= before.raw || steps_between(counter, before, from[0])) return false;
  for (size_t i = 1; i < from.size() && i <= 2; ++i) {
    if (from[i].gap) continue;
    if (from[i].raw >= before.raw) return steps_between(counter, before, from[i]).has_value();
  }
  return false;
}

}  // namespace

Timeline Timeline::of_counter(const Counter& counter, std::span<const RawSample> samples) {
  Timeline out;
  out.knots_.reserve(samples.size());
  const RawSample* before = nullptr;
  bool missed = false;
  uint64_t steps = 0;
  int64_t covered_ns = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    const RawSample& now = samples[i];
    if (now.gap) {
      missed = true;
      continue;
    }
    if (before == nullptr) {
      out.knots_.push_back({now.at_ns, 0, 0});
      before = &now;
      missed = false;
      continue;
    }
    const int64_t window_ns = now.at_ns - before->at_ns;
    if (window_ns <= 0) continue;
    if (is_glitch(counter, *before, samples.subspan(i))) {
      missed = true;
      continue;
    }
    const std::optional<uint64_t> counted = steps_between(counter, *before, now);
    steps += counted.value_or(0);
    if (counted && !missed && window_ns <= kLongestWindow_ns) covered_ns += window_ns;
    // Rounded from the sum each time, so that rounding never adds up.
    const long double value = static_cast<long double>(steps) * counter.per_step;
    out.knots_.push_back({now.at_ns, std::llround(value), covered_ns});
    before = &now;
    missed = false;
  }
  return out;
}

double Timeline::value_at(int64_t at_ns) const {
  const auto after = std::lower_bound(knots_.begin(), knots_.end(), at_ns,
                                      [](const Knot& k, int64_t t) { return k.at_ns < t; });
  if (after == knots_.end()) return static_cast<double>(total());
  if (after == knots_.begin()) return 0;
  const Knot& a = *(after - 1);
  const double part =
      static_cast<double>(at_ns - a.at_ns) / static_cast<double>(after->at_ns - a.at_ns);
  return static_cast<double>(a.value) + part * static_cast<double>(after->value - a.value);
}

TimelineCursor::Point TimelineCursor::at(int64_t at_ns) {
  while (next_ < knots_.size() && knots_[next_].at_ns < at_ns) ++next_;
  if (knots_.empty() || next_ == 0) return {};
  const Timeline::Knot& a = knots_[next_ - 1];
  const auto value = static_cast<double>(a.value);
  const auto covered_ns = static_cast<double>(a.covered_ns);
  if (next_ == knots_.size()) return {value, covered_ns, 0};
  const Timeline::Knot& b = knots_[next_];
  const double part = static_cast<double>(at_ns - a.at_ns) / static_cast<double>(b.at_ns - a.at_ns);
  const auto window = static_cast<double>(b.value - a.value);
  return {value + part * window,
          covered_ns + part * static_cast<double>(b.covered_ns - a.covered_ns), window};
}

}  // namespace headrace::energy

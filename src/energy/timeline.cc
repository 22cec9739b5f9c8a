#include "energy/timeline.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "energy/believed.h"
#include "energy/refresh.h"

namespace headrace::energy {
namespace {

// A counter of energy that stands still for this long counts something that is switched off, or no
// more: which of the two, nobody knows.
constexpr int64_t kStandsStill_ns = 1'000'000'000;
constexpr double kStandsStillPeriods = 10;

int64_t value_of(const Counter& counter, uint64_t steps) {
  // Rounded from the sum each time, so that rounding never adds up.
  return std::llround(static_cast<long double>(steps) * counter.per_step);
}

std::vector<Timeline::Knot> knots_at_readings(const Counter& counter,
                                              std::span<const Believed> readings) {
  std::vector<Timeline::Knot> out;
  out.reserve(readings.size());
  for (const Believed& one : readings) {
    Timeline::Knot knot{one.at_ns, value_of(counter, one.steps), 0, 0, 0, one.gaps};
    if (!out.empty()) {
      knot.covered_ns = out.back().covered_ns + (one.gaps == 0 ? one.at_ns - out.back().at_ns : 0);
    }
    out.push_back(knot);
  }
  return out;
}

// The smallest distance of two readings, but for the odd one: how often it was read.
int64_t reading_step_ns(std::span<const Believed> readings) {
  std::vector<int64_t> steps;
  for (size_t i = 1; i < readings.size(); ++i) {
    steps.push_back(readings[i].at_ns - readings[i - 1].at_ns);
  }
  if (steps.empty()) return 0;
  const auto at = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 20);
  std::nth_element(steps.begin(), at, steps.end());
  return *at;
}

std::vector<Timeline::Knot> knots_at_refreshes(const Counter& counter,
                                               std::span<const Believed> readings) {
  std::vector<RefreshTime> times;
  std::vector<Timeline::Knot> out;
  const int64_t step_ns = reading_step_ns(readings);
  const int64_t longest_ns =
      counter.refresh_ns > 0 ? std::min(counter.refresh_ns, step_ns) : step_ns;
  uint16_t gaps = 0;
  for (size_t i = 0; i < readings.size(); ++i) {
    const Believed& now = readings[i];
    gaps |= now.gaps;
    if (i > 0 && now.steps == readings[i - 1].steps && now.gaps == 0) continue;
    // The first reading, and one after a gap, shows what was refreshed some time before it.
    const bool anew = i == 0 || now.gaps != 0;
    RefreshTime time{now.at_ns - longest_ns, now.at_ns, anew, 0, 0, 0};
    // The reading before is there where it was the last before this one; else only changes are.
    const bool is_next = i > 0 && now.at_ns - readings[i - 1].at_ns <= 2 * longest_ns;
    if (is_next && counter.refresh_ns == 0) time.from_ns = readings[i - 1].at_ns;
    times.push_back(time);
    out.push_back({0, value_of(counter, now.steps), 0, 0, 0, gaps});
    gaps = 0;
  }
  const double period_ns = estimate_refreshes(times, step_ns);
  const double still_ns =
      std::max(static_cast<double>(kStandsStill_ns), kStandsStillPeriods * period_ns);
  for (size_t i = 0; i < out.size(); ++i) {
    out[i].at_ns = std::llround(times[i].at_ns);
    out[i].spread_ns = times[i].spread_ns;
    out[i].correlation = times[i].correlation;
    if (i == 0) continue;
    out[i].at_ns = std::max(out[i].at_ns, out[i - 1].at_ns + 1);
    const int64_t window_ns = out[i].at_ns - out[i - 1].at_ns;
    if (static_cast<double>(window_ns) > still_ns && out[i].gaps == 0) {
      out[i].gaps = static_cast<uint16_t>(Gap::kFrozen);
    }
    out[i].covered_ns = out[i - 1].covered_ns + (out[i].gaps == 0 ? window_ns : 0);
  }
  return out;
}

constexpr size_t kGaps = 12;

std::vector<std::string> make_names() {
  constexpr std::string_view kWords[] = {
      "read failed", "reset",        "may have wrapped", "impossible",    "spurious zero",
      "frozen",      "not read",     "clock went back",  "no permission", "gone",
      "torn",        "not refreshed"};
  static_assert(std::size(kWords) == kGaps);
  std::vector<std::string> out(size_t{1} << kGaps);
  for (size_t bits = 1; bits < out.size(); ++bits) {
    for (size_t i = 0; i < std::size(kWords); ++i) {
      if ((bits >> i & 1) == 0) continue;
      if (!out[bits].empty()) out[bits] += ", ";
      out[bits] += kWords[i];
    }
  }
  return out;
}

}  // namespace

std::string_view name_of(Gap gap) {
  static const std::vector<std::string> names = make_names();
  return names[static_cast<uint16_t>(gap)];
}

Timeline Timeline::of_counter(const Counter& counter, std::span<const RawSample> samples) {
  const std::vector<Believed> readings = believe(counter, samples);
  return Timeline(counter.refreshes ? knots_at_refreshes(counter, readings)
                                    : knots_at_readings(counter, readings),
                  counter.per_step);
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
  if (next_ == knots_.size()) return {value, covered_ns};
  const Timeline::Knot& b = knots_[next_];
  const double part = static_cast<double>(at_ns - a.at_ns) / static_cast<double>(b.at_ns - a.at_ns);
  return {value + part * static_cast<double>(b.value - a.value),
          covered_ns + part * static_cast<double>(b.covered_ns - a.covered_ns)};
}

}  // namespace headrace::energy

#include "energy/window_noise.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "energy/normal_equations.h"

namespace headrace::energy {
namespace {

constexpr size_t kFewest = 30;
constexpr double kAssumedSpread = 0.25 * 0.25;
constexpr double kAssumedPartial = 0.25;
constexpr int kRounds = 5;
constexpr double kFirstSpread = 0.05 * 0.05;
constexpr double kLeastSpread = 1e-6;
// Less is what the fit makes of chance: the sensor sees all the time.
constexpr double kLeastPartial = 0.02;
constexpr double kFirstFlicker_s = 1e-3;
constexpr double kFirstLag_s2 = 1e-6;
// Of a kernel that ticks 100 times a second, the slowest there is: even between 0 and a tick.
constexpr double kMostLag_s2 = 0.01 * 0.01 / 3;
constexpr double kRounding = 1e-9;

struct Residual {
  double square = 0;
  double tasks = 0;        // A
  double flicker = 0;      // N
  double lag = 0;          // E
  double composition = 0;  // C
  double ends = 0;         // K
};

WindowNoise fit(const std::vector<Residual>& residuals, bool may_see_part, bool follows_cpu) {
  if (residuals.size() < kFewest) {
    return {kAssumedSpread, 0, 0, may_see_part ? kAssumedPartial : 0};
  }
  WindowNoise out{kFirstSpread, 0, 0, 0};
  if (follows_cpu) out.flicker_s = kFirstFlicker_s, out.lag_s2 = kFirstLag_s2;
  bool fits_lag = follows_cpu;
  for (int round = 0; round < kRounds; ++round) {
    NormalEquations equations(4);
    for (const Residual& one : residuals) {
      const double known = one.ends + (fits_lag ? 0 : out.lag_s2 * one.lag);
      const double expected = out.spread * one.tasks + out.flicker_s * one.flicker +
                              out.lag_s2 * one.lag + out.partial * one.composition + one.ends;
      if (!(expected > 0)) continue;
      // The square of something normal has in proportion to its variance squared as variance.
      const std::array<NormalEquations::Term, 4> terms{
          {{0, one.tasks / expected},
           {1, follows_cpu ? one.flicker / expected : 0},
           {2, fits_lag ? one.lag / expected : 0},
           {3, may_see_part ? one.composition / expected : 0}}};
      equations.add(terms, (one.square - known) / expected, 1);
    }
    const NormalEquations::Fit found = equations.solve();
    out.spread = std::max(kLeastSpread, found.coefficients[0]);
    out.flicker_s = found.coefficients[1];
    if (fits_lag) out.lag_s2 = std::min(kMostLag_s2, found.coefficients[2]);
    out.partial = found.coefficients[3];
    fits_lag = fits_lag && out.lag_s2 < kMostLag_s2;
  }
  if (out.partial < kLeastPartial) out.partial = 0;
  return out;
}

}  // namespace

Expectation::Expectation(std::span<const TaskSpan> tasks, const ActivityPower& powers,
                         bool rest_takes_part)
    : tasks_(tasks), rest_takes_part_(rest_takes_part), floor_uw_(powers.floor_uw) {
  for (const TypePower& one : powers.types) {
    type_uw_.push_back(std::max(0.0, one.power_uw - powers.floor_uw));
  }
}

const Expected& Expectation::of(const Window& window) {
  out_.of_task.clear();
  out_.sum = out_.squares = out_.flicker = 0;
  for (const Exposure& one : window.exposures) {
    const double m = type_uw_[tasks_[one.task].type] * one.own_s + floor_uw_ * one.floor_s;
    out_.of_task.push_back(m);
    out_.sum += m;
    out_.squares += m * m;
    if (one.own_s > 0) out_.flicker += m * m / one.own_s;
  }
  out_.rest = floor_uw_ * std::max(0.0, window.length_s - window.busy_s);
  if (!rest_takes_part_ && out_.sum > 0) out_.rest = 0;
  out_.sum += out_.rest;
  const double square = window.power_uj * window.power_uj;
  out_.composition = window.length_s * window.square - square;
  if (out_.composition < kRounding * square) out_.composition = 0;
  return out_;
}

double end_variance(const Timeline& timeline, const Timeline::Knot& knot, double power_uw) {
  const double off = power_uw * knot.spread_ns * 1e-9;
  return off * off + timeline.step() * timeline.step() / 12;
}

double lagging_square(const Window& window) {
  return window.ends_at_edge ? 0 : window.end_uw * window.end_uw;
}

double ends_variance(double begin, double end, double correlation) {
  return std::max(0.0, begin + end - 2 * correlation * std::sqrt(begin * end));
}

WindowNoise find_noise(const Timeline& timeline, std::span<const TaskSpan> tasks,
                       std::span<const TaskEvent> events, Expectation& expectation,
                       bool may_see_part, bool follows_cpu) {
  std::vector<Residual> residuals;
  double begin = 0;
  double lag_begin = 0;
  for (WindowWalk walk(timeline, tasks, events, expectation.model()); walk.next();) {
    const Window& window = walk.window();
    const Timeline::Knot& before = timeline.knots()[window.index];
    const Timeline::Knot& after = timeline.knots()[window.index + 1];
    const double end = end_variance(timeline, after, window.end_uw);
    const Expected& expected = expectation.of(window);
    const double lag_end = lagging_square(window);
    if (after.gaps == 0 && expected.squares > 0) {
      const double off = static_cast<double>(after.value - before.value) - expected.sum;
      residuals.push_back({off * off, expected.squares, expected.flicker, lag_begin + lag_end,
                           expected.composition, ends_variance(begin, end, after.correlation)});
    }
    begin = end;
    lag_begin = lag_end;
  }
  return fit(residuals, may_see_part, follows_cpu);
}

}  // namespace headrace::energy

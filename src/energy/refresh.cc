#include "energy/refresh.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace headrace::energy {
namespace {

constexpr size_t kFewest = 16;   // times from which a period is told
constexpr size_t kCells = 16;    // of a bracket
constexpr double kSlower = 1.5;  // refreshed so much slower than read, a period can be seen
constexpr size_t kTried = 2000;  // times on which each jitter is tried
// A smaller jitter than so many cells would be claimed where the cells cannot show it.
constexpr double kCellsInJitter = 1.25;
constexpr std::array kJitters = {0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.15, 0.3};

// exp(-x^2 / 2): a run of hours asks for it a hundred million times.
class Bell {
 public:
  Bell() {
    for (size_t i = 0; i < values_.size(); ++i) {
      const double x = static_cast<double>(i) / kPerUnit;
      values_[i] = std::exp(-0.5 * x * x);
    }
  }
  double at(double x) const {
    const double place = std::abs(x) * kPerUnit;
    if (!(place < kLast)) return 0;
    const auto i = static_cast<size_t>(place);
    const double part = place - static_cast<double>(i);
    return values_[i] + part * (values_[i + 1] - values_[i]);
  }

 private:
  static constexpr double kPerUnit = 64;
  static constexpr size_t kLast = 6 * 64;
  std::array<double, kLast + 2> values_{};
};

using Cells = std::array<double, kCells>;

double width_ns(const RefreshTime& one) { return static_cast<double>(one.until_ns - one.from_ns); }
double middle_ns(const RefreshTime& one) {
  return static_cast<double>(one.from_ns) + 0.5 * width_ns(one);
}
// Of a cell, from its bracket's begin.
double place_ns(const RefreshTime& one, size_t cell) {
  return width_ns(one) * (static_cast<double>(cell) + 0.5) / kCells;
}

double find_period(std::span<const RefreshTime> times) {
  std::vector<double> steps;
  for (size_t i = 1; i < times.size(); ++i) {
    if (!times[i].after_gap) steps.push_back(middle_ns(times[i]) - middle_ns(times[i - 1]));
  }
  if (steps.size() < kFewest) return 0;
  const auto median = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), median, steps.end());
  const double first_ns = *median;
  if (!(first_ns > 0)) return 0;
  double sum = 0;
  double count = 0;
  for (const double step : steps) {
    const double n = std::round(step / first_ns);
    if (n < 1 || n > 3) continue;
    sum += step;
    count += n;
  }
  return count > 0.8 * static_cast<double>(steps.size()) ? sum / count : 0;
}

// The probabilities of the cells of one time, given those of the time before.
class Walk {
 public:
  Walk(double period_ns, double jitter) : period_ns_(period_ns), jitter_ns_(jitter * period_ns) {}

  // Fills between(i, j): the density of cell j of `now` after cell i of `before`.
  void look(const RefreshTime& before, const RefreshTime& now) {
    const auto apart_ns = static_cast<double>(now.from_ns - before.from_ns);
    const double n = std::max(1.0, std::round((middle_ns(now) - middle_ns(before)) / period_ns_));
    // A cell stands for all of it, so that a jitter below its width is not lost between two.
    const double cell_ns = std::max(width_ns(now), width_ns(before)) / kCells;
    const double variance = n * jitter_ns_ * jitter_ns_ + cell_ns * cell_ns / 6 + 1;
    static const Bell bell;
    width_ns_ = width_ns(now) / kCells;
    norm_ = 1 / std::sqrt(variance);
    for (size_t i = 0; i < kCells; ++i) {
      const double off = apart_ns + place_ns(now, 0) - place_ns(before, i) - n * period_ns_;
      for (size_t j = 0; j < kCells; ++j) {
        // A refresh may come at any time now and then.
        between_[i * kCells + j] =
            bell.at((off + static_cast<double>(j) * width_ns_) * norm_) + kOutlier;
      }
    }
  }
  double between(size_t i, size_t j) const { return between_[i * kCells + j]; }

  // The likelihood of the bracket; `state` becomes that of `now`.
  double step(Cells& state) const {
    Cells next{};
    double sum = 0;
    for (size_t i = 0; i < kCells; ++i) {
      for (size_t j = 0; j < kCells; ++j) next[j] += state[i] * between(i, j);
    }
    for (const double one : next) sum += one;
    for (size_t j = 0; j < kCells; ++j) state[j] = next[j] / sum;
    return sum * norm_ * width_ns_;
  }

 private:
  static constexpr double kOutlier = 1e-6;
  const double period_ns_;
  const double jitter_ns_;
  double width_ns_ = 0;
  double norm_ = 1;
  std::array<double, kCells * kCells> between_{};
};

Cells even() {
  Cells out;
  out.fill(1.0 / kCells);
  return out;
}

double log_likelihood(std::span<const RefreshTime> times, Walk walk) {
  Cells state = even();
  double out = 0;
  for (size_t i = 1; i < times.size(); ++i) {
    if (times[i].after_gap) {
      state = even();
      continue;
    }
    walk.look(times[i - 1], times[i]);
    out += std::log(walk.step(state));
  }
  return out;
}

double likeliest_jitter(std::span<const RefreshTime> times, double period_ns) {
  const auto tried = times.first(std::min(times.size(), kTried));
  double best = kJitters.back();
  double most = -1e300;
  const double least_ns = kCellsInJitter * width_ns(times.front()) / kCells;
  for (const double jitter : kJitters) {
    if (jitter * period_ns < least_ns) continue;
    const double likelihood = log_likelihood(tried, {period_ns, jitter});
    if (likelihood > most) most = likelihood, best = jitter;
  }
  return best;
}

// The mean and spread of a time from its cells' probabilities, relative to its bracket's begin.
void set_from(const Cells& chance, RefreshTime& time) {
  double mean = 0;
  double square = 0;
  for (size_t i = 0; i < kCells; ++i) {
    const double at = place_ns(time, i);
    mean += chance[i] * at;
    square += chance[i] * at * at;
  }
  const double cell_ns = width_ns(time) / kCells;
  time.at_ns = static_cast<double>(time.from_ns) + mean;
  time.spread_ns = std::sqrt(std::max(0.0, square - mean * mean) + cell_ns * cell_ns / 12);
}

void smooth(std::span<RefreshTime> times, Walk walk) {
  std::vector<Cells> forward(times.size());
  for (size_t i = 0; i < times.size(); ++i) {
    if (i == 0 || times[i].after_gap) {
      forward[i] = even();
      continue;
    }
    forward[i] = forward[i - 1];
    walk.look(times[i - 1], times[i]);
    walk.step(forward[i]);
  }
  Cells later;  // the likelihood of all that came later, in each cell
  later.fill(1);
  for (size_t i = times.size(); i-- > 0;) {
    Cells chance;
    double sum = 0;
    for (size_t c = 0; c < kCells; ++c) sum += chance[c] = forward[i][c] * later[c];
    for (double& one : chance) one /= sum;
    set_from(chance, times[i]);
    if (i == 0 || times[i].after_gap) {
      later.fill(1);
      continue;
    }
    walk.look(times[i - 1], times[i]);
    Cells earlier{};
    double both = 0;
    double all = 0;
    double before = 0;
    for (size_t a = 0; a < kCells; ++a) {
      double toward = 0;
      double weight = 0;
      for (size_t b = 0; b < kCells; ++b) {
        const double chance_b = walk.between(a, b) * later[b];
        weight += chance_b;
        toward += chance_b * place_ns(times[i], b);
      }
      earlier[a] = weight;
      const double at = place_ns(times[i - 1], a);
      both += forward[i - 1][a] * at * toward;
      before += forward[i - 1][a] * at * weight;
      all += forward[i - 1][a] * weight;
    }
    const double mean = times[i].at_ns - static_cast<double>(times[i].from_ns);
    times[i].correlation = both / all - mean * before / all;  // covariance, for now
    double most = 0;
    for (const double one : earlier) most = std::max(most, one);
    for (double& one : earlier) one /= most;
    later = earlier;
  }
  for (size_t i = times.size(); i-- > 1;) {
    if (times[i].after_gap) continue;
    const double spreads = times[i].spread_ns * times[i - 1].spread_ns;
    times[i].correlation = spreads > 0 ? std::clamp(times[i].correlation / spreads, -1.0, 1.0) : 0;
  }
}

}  // namespace

double estimate_refreshes(std::span<RefreshTime> times, int64_t read_ns) {
  for (RefreshTime& one : times) {
    one.at_ns = middle_ns(one);
    one.spread_ns = width_ns(one) / std::sqrt(12.0);
    one.correlation = 0;
  }
  const double period_ns = find_period(times);
  if (!(period_ns > kSlower * static_cast<double>(read_ns))) return 0;
  smooth(times, {period_ns, likeliest_jitter(times, period_ns)});
  return period_ns;
}

}  // namespace headrace::energy

#include "top/spread.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace headrace::top {
namespace {

constexpr double kStep = 1.02;

int16_t index_of(double duration_ns) {
  return static_cast<int16_t>(std::lround(std::log(duration_ns) / std::log(kStep)));
}

}  // namespace

void Spread::add(int64_t duration_ns) {
  const double ns = std::max(static_cast<double>(duration_ns), 1.0);
  add({index_of(ns), 1, ns});
}

void Spread::add(const Spread& other) {
  for (const Step& step : other.steps_) add(step);
}

void Spread::add(const Step& more) {
  const auto found = std::lower_bound(steps_.begin(), steps_.end(), more.index,
                                      [](const Step& step, int16_t i) { return step.index < i; });
  if (found != steps_.end() && found->index == more.index) {
    found->count += more.count;
    found->sum_ns += more.sum_ns;
  } else {
    steps_.insert(found, more);
  }
  count_ += more.count;
}

double Spread::value_at(uint64_t rank) const {
  uint64_t seen = 0;
  for (const Step& step : steps_) {
    seen += step.count;
    if (rank < seen) return step.mean_s();
  }
  return 0;
}

double Spread::quantile_s(double part) const {
  if (count_ == 0) return 0;
  const double rank = part * static_cast<double>(count_ - 1);
  const auto below = static_cast<uint64_t>(rank);
  const double low = value_at(below);
  const double beyond = rank - static_cast<double>(below);
  return beyond > 0 ? low + beyond * (value_at(below + 1) - low) : low;
}

double Spread::deviation_s() const {
  if (count_ == 0) return 0;
  const double median = quantile_s(0.5);
  std::vector<std::pair<double, uint32_t>> distances;
  distances.reserve(steps_.size());
  for (const Step& step : steps_) {
    distances.emplace_back(std::abs(step.mean_s() - median), step.count);
  }
  std::sort(distances.begin(), distances.end());
  uint64_t seen = 0;
  for (const auto& [distance, count] : distances) {
    seen += count;
    if (2 * seen >= count_) return std::max(1.4826 * distance, 0.05 * median);
  }
  return 0.05 * median;
}

uint64_t Spread::above(double duration_s) const {
  uint64_t out = 0;
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    if (step->mean_s() <= duration_s) break;
    out += step->count;
  }
  return out;
}

}  // namespace headrace::top

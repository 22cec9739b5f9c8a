#include "energy/column_groups.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace headrace::energy {

ColumnGroups::ColumnGroups(NormalEquations equations, std::vector<int64_t> windows,
                           ColumnLimits limits)
    : equations_(std::move(equations)),
      windows_(std::move(windows)),
      into_(windows_.size()),
      limits_(limits) {
  std::iota(into_.begin(), into_.end(), 0u);
  solve();
  for (;;) {
    const size_t worst = find_worst();
    if (worst == kNone) return;
    const size_t with = closest_to(worst);
    if (with == kNone) return;
    join(std::min(worst, with), std::max(worst, with));
  }
}

bool ColumnGroups::join_closest(uint32_t column) {
  const size_t one = into_[column];
  const size_t with = closest_to(one);
  if (with == kNone) return false;
  join(std::min(one, with), std::max(one, with));
  return true;
}

void ColumnGroups::apply(NormalEquations& equations) const {
  for (size_t i = 0; i < into_.size(); ++i) {
    if (into_[i] != i) equations.join(into_[i], i);
  }
}

double ColumnGroups::relative_sd_of(size_t column) const {
  const double power = fit_.coefficients[column];
  return power > 0 ? std::sqrt(fit_.variances[column]) / power : 1.0;
}

bool ColumnGroups::holds(size_t column) const {
  return inflation_[column] < limits_.inflation && relative_sd_of(column) < limits_.error;
}

size_t ColumnGroups::find_worst() const {
  size_t worst = kNone;
  const auto badness = [&](size_t c) { return std::min(inflation_[c], 1e12); };
  for (size_t i = 1; i < equations_.columns(); ++i) {
    if (!(equations_.diagonal(i) > 0) || holds(i)) continue;
    if (worst == kNone || badness(i) > badness(worst)) worst = i;
  }
  return worst;
}

size_t ColumnGroups::closest_to(size_t column) const {
  const size_t n = equations_.columns();
  size_t best = kNone;
  double most = -1;
  for (size_t i = limits_.joins_rest ? 0 : 1; i < n; ++i) {
    if (i == column || !(equations_.diagonal(i) > 0)) continue;
    const double both = fit_.covariance[i * n + i] * fit_.covariance[column * n + column];
    const double confused = both > 0 ? -fit_.covariance[column * n + i] / std::sqrt(both) : 0;
    if (confused > most) most = confused, best = i;
  }
  return best;
}

void ColumnGroups::join(size_t first, size_t second) {
  equations_.join(first, second);
  windows_[first] = std::max(windows_[first], windows_[second]);
  for (uint32_t& one : into_) {
    if (one == second) one = static_cast<uint32_t>(first);
  }
  solve();
}

void ColumnGroups::solve() {
  fit_ = equations_.solve();
  // What types make of each other; that all of them bring the floor along is another thing.
  NormalEquations types = equations_;
  types.drop(0);
  inflation_ = types.solve().inflation;
}

}  // namespace headrace::energy

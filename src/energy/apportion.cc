#include "energy/apportion.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace headrace::energy {

std::span<const int64_t> Apportionment::divide(std::span<const double> shares, int64_t total) {
  out_.assign(shares.size(), 0);
  if (shares.empty()) return out_;
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  if (!(sum > 0)) {
    out_.back() = total;
    return out_;
  }
  const double scale = static_cast<double>(total) / sum;
  rest_.resize(shares.size());
  int64_t given = 0;
  for (size_t i = 0; i < shares.size(); ++i) {
    const double exact = shares[i] * scale;
    const double whole = std::floor(exact);
    out_[i] = static_cast<int64_t>(whole);
    rest_[i] = {exact - whole, i};
    given += out_[i];
  }
  int64_t left = total - given;
  // Rounding in `exact` can leave more than one step for each share only where totals are huge.
  const auto count = static_cast<int64_t>(out_.size());
  for (int64_t& one : out_) one += left / count;
  left %= count;
  const auto larger = [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  };
  const auto first = left >= 0 ? rest_.begin() + left : rest_.end() + left;
  if (first != rest_.end() && first != rest_.begin()) {
    std::nth_element(rest_.begin(), first, rest_.end(), larger);
  }
  for (auto at = rest_.begin(); left > 0 && at != first; ++at) ++out_[at->second];
  for (auto at = first; left < 0 && at != rest_.end(); ++at) --out_[at->second];
  return out_;
}

std::vector<int64_t> apportion(std::span<const double> shares, int64_t total) {
  Apportionment workspace;
  const std::span<const int64_t> out = workspace.divide(shares, total);
  return {out.begin(), out.end()};
}

}  // namespace headrace::energy

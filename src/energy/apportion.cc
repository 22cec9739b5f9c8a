#include "energy/apportion.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace headrace::energy {

std::vector<int64_t> apportion(std::span<const double> shares, int64_t total) {
  std::vector<int64_t> out(shares.size(), 0);
  if (shares.empty()) return out;
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  if (!(sum > 0)) {
    out.back() = total;
    return out;
  }
  const double scale = static_cast<double>(total) / sum;
  // remainder and place of each share
  std::vector<std::pair<double, size_t>> rest(shares.size());
  int64_t given = 0;
  for (size_t i = 0; i < shares.size(); ++i) {
    const double exact = shares[i] * scale;
    out[i] = static_cast<int64_t>(std::floor(exact));
    rest[i] = {exact - std::floor(exact), i};
    given += out[i];
  }
  // Rounding in `exact` can leave more than one step for each share only where totals are huge.
  int64_t left = total - given;
  const auto larger = [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  };
  std::sort(rest.begin(), rest.end(), larger);
  for (size_t i = 0; left > 0; i = (i + 1) % rest.size(), --left) ++out[rest[i].second];
  for (size_t i = rest.size(); left < 0; ++left) {
    i = i == 0 ? rest.size() - 1 : i - 1;
    --out[rest[i].second];
  }
  return out;
}

}  // namespace headrace::energy

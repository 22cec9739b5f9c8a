#include "energy/uncertainty.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace headrace::energy {

double stated_relative(std::string_view assumption) {
  constexpr std::string_view kBefore = "within ";
  const size_t at = assumption.find(kBefore);
  if (at == std::string_view::npos) return kEstimatedRelative;
  const std::string_view rest = assumption.substr(at + kBefore.size());
  double percent = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), percent);
  const std::string_view unit = rest.substr(static_cast<size_t>(end - rest.data()));
  if (error != std::errc() || !unit.starts_with(" %") || !(percent > 0)) return kEstimatedRelative;
  return percent / 100;
}

double split_u95_j(double variance_j2, double energy_j, double model_relative) {
  constexpr double kHalf95 = 1.96;  // of a normal distribution, in standard deviations
  return std::hypot(kHalf95 * std::sqrt(std::max(0.0, variance_j2)), model_relative * energy_j);
}

}  // namespace headrace::energy

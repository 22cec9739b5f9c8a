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

double u95_j(double energy_j, double edge_j, double relative, double others_j) {
  const double split_j = 0.5 * std::min(energy_j, std::max(others_j, 0.0));
  return std::hypot(0.475 * edge_j, relative * energy_j, split_j);
}

}  // namespace headrace::energy

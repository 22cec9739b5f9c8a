#include "energy/domain_name.h"

#include <algorithm>
#include <array>

namespace headrace::energy {
namespace {

constexpr std::string_view kBoard = "node/board/";

struct Whole {
  std::string_view domain;
  std::string_view parts;
};
constexpr std::array<Whole, 2> kWholes{{{"node/cpu", "node/cpu-"}, {"node/memory", "node/dram-"}}};

struct Most {
  std::string_view prefix;
  double power_w;
};
// A whole node's last: what no line before it says.
constexpr std::array<Most, 6> kMost{{{"node/cpu", 1500},
                                     {"node/dram", 500},
                                     {"node/memory", 500},
                                     {"node/gpu", 2500},
                                     {"node/accel", 2500},
                                     {"", 20'000}}};

}  // namespace

std::string holder_of(std::string_view domain) {
  const size_t slash = domain.rfind('/');
  if (slash == std::string_view::npos) return {};
  const std::string_view above = domain.substr(0, slash);
  if (above != kNodeDomain) return std::string(above);
  for (const Whole& whole : kWholes) {
    if (domain.starts_with(whole.parts)) return std::string(whole.domain);
  }
  return std::string(kNodeDomain);
}

double most_w(std::string_view domain) {
  std::string near(domain);
  if (is_check(domain)) near.erase(0, kBoard.size()).insert(0, "node/");
  return std::find_if(kMost.begin(), kMost.end(),
                      [&](const Most& most) { return near.starts_with(most.prefix); })
      ->power_w;
}

bool is_processor_side(std::string_view domain) {
  return domain.starts_with("node/cpu") || domain.starts_with("node/dram") ||
         domain == "node/memory";
}

bool is_check(std::string_view domain) { return domain.starts_with(kBoard); }

bool is_divided(std::string_view domain, const std::set<std::string>& counted) {
  constexpr std::string_view kUnderNode = "node/";
  if (!domain.starts_with(kUnderNode) ||
      domain.find('/', kUnderNode.size()) != std::string_view::npos) {
    return false;
  }
  return std::none_of(kWholes.begin(), kWholes.end(), [&](const Whole& whole) {
    if (domain != whole.domain) return false;
    const auto part = counted.lower_bound(std::string(whole.parts));
    return part != counted.end() && part->starts_with(whole.parts);
  });
}

}  // namespace headrace::energy

#include "energy/domain_tree.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "energy/domain_name.h"
#include "energy/uncertainty.h"

namespace headrace::energy {
namespace {

using Key = std::pair<std::string, std::string>;  // host, domain

// The nearest counted domain that holds this one; empty: none.
std::string parent_of(const CountedDomain& one, const std::map<Key, size_t>& places) {
  std::string above = holder_of(one.domain);
  while (!above.empty() && !places.contains({one.hostname, above})) above = holder_of(above);
  return above;
}

bool holds(const std::string& whole, const std::string& part) {
  std::string above = holder_of(part);
  while (!above.empty() && above != whole) above = holder_of(above);
  return !above.empty();
}

// What neither holds what is divided nor lies in it may be anything that is measured elsewhere too.
DomainRole role_of(const CountedDomain& one, std::span<const CountedDomain> counted) {
  if (one.divided) return DomainRole::kDivided;
  if (is_check(one.domain)) return DomainRole::kCheck;
  if (one.domain == kNodeDomain) return DomainRole::kWhole;
  for (const CountedDomain& other : counted) {
    if (!other.divided || other.hostname != one.hostname) continue;
    if (holds(one.domain, other.domain)) return DomainRole::kWhole;
    if (holds(other.domain, one.domain)) return DomainRole::kPart;
  }
  return DomainRole::kCheck;
}

void sum_up(DomainNode& node, std::span<const CountedDomain> counted) {
  const std::vector<Timeline::Knot>& knots = counted[node.counted].timeline.knots();
  for (const Timeline::Knot& knot : knots) node.gaps |= knot.gaps;
  if (knots.size() < 2) return;
  node.measured_uj = knots.back().value;
  node.coverage = static_cast<double>(knots.back().covered_ns) /
                  static_cast<double>(knots.back().at_ns - knots.front().at_ns);
}

// What the children counted in each of the parent's windows, where all of them are known in it.
void compare(DomainNode& node, const std::vector<size_t>& children,
             std::span<const CountedDomain> counted) {
  const std::vector<Timeline::Knot>& knots = counted[node.counted].timeline.knots();
  std::vector<TimelineCursor> cursors;
  for (const size_t child : children) cursors.emplace_back(counted[child].timeline);
  std::vector<TimelineCursor::Point> before(children.size());
  int64_t parent_uj = 0;
  for (size_t k = 0; k < knots.size(); ++k) {
    bool known = k > 0 && knots[k].gaps == 0;
    int64_t sum_uj = 0;
    for (size_t i = 0; i < children.size(); ++i) {
      const TimelineCursor::Point now = cursors[i].at(knots[k].at_ns);
      if (k > 0) {
        const auto window_ns = static_cast<double>(knots[k].at_ns - knots[k - 1].at_ns);
        known = known && now.covered_ns - before[i].covered_ns > 0.999 * window_ns;
        sum_uj += std::llround(now.value) - std::llround(before[i].value);
      }
      before[i] = now;
    }
    if (!known) continue;
    parent_uj += knots[k].value - knots[k - 1].value;
    node.children_uj += sum_uj;
  }
  node.has_children = true;
  node.other_uj = parent_uj - node.children_uj;
  node.uncompared_uj = node.measured_uj - parent_uj;
  node.tolerance_uj = kMeasuredRelative * std::hypot(static_cast<double>(parent_uj),
                                                     static_cast<double>(node.children_uj));
  for (const size_t child : children) {
    const Timeline& timeline = counted[child].timeline;
    if (timeline.empty()) continue;
    node.tolerance_uj += 2 * static_cast<double>(timeline.total()) /
                         static_cast<double>(timeline.knots().size() - 1);
  }
  node.inconsistent = static_cast<double>(node.other_uj) < -node.tolerance_uj;
}

}  // namespace

std::vector<DomainNode> domain_tree(std::span<const CountedDomain> counted) {
  std::map<Key, size_t> places;
  for (size_t i = 0; i < counted.size(); ++i) {
    places.try_emplace({counted[i].hostname, counted[i].domain}, i);
  }
  std::map<Key, std::vector<size_t>> children;
  std::vector<DomainNode> out;
  for (const auto& [key, place] : places) {
    const CountedDomain& one = counted[place];
    DomainNode node;
    node.counted = place;
    node.parent = parent_of(one, places);
    node.role = role_of(one, counted);
    if (node.role != DomainRole::kCheck && !node.parent.empty()) {
      children[{one.hostname, node.parent}].push_back(place);
    }
    out.push_back(std::move(node));
  }
  for (DomainNode& node : out) {
    sum_up(node, counted);
    const CountedDomain& one = counted[node.counted];
    const auto of = children.find({one.hostname, one.domain});
    if (of != children.end()) compare(node, of->second, counted);
  }
  return out;
}

}  // namespace headrace::energy

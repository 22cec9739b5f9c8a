#include "query/why_cycles.h"

#include <string>
#include <utility>

namespace headrace::query {
namespace {

constexpr size_t kNamedCycles = 3;
constexpr size_t kNamedNodes = 6;

std::string way_text(const std::vector<size_t>& cycle, const std::vector<WhyNode>& nodes) {
  std::string way;
  for (size_t i = 0; i < cycle.size() && i < kNamedNodes; ++i) way += nodes[cycle[i]].label + " → ";
  if (cycle.size() > kNamedNodes) way += "… → ";
  return way + nodes[cycle.front()].label;
}

}  // namespace

Json tell_cycles(const Lineage& lineage, const std::vector<WhyNode>& nodes,
                 std::vector<WhyLine>* lines) {
  const std::vector<std::vector<size_t>> all = cycles_of(lineage);
  if (all.empty()) return {};
  Json list{Json::List{}};
  for (size_t i = 0; i < all.size(); ++i) {
    Json ids{Json::List{}};
    for (const size_t at : all[i]) ids.as<Json::List>()->emplace_back(nodes[at].node.id.text());
    list.as<Json::List>()->push_back(ids);
    if (i < kNamedCycles) {
      lines->push_back(
          {i == 0 ? "cycle" : "",
           way_text(all[i], nodes) + (all[i].size() == 2 ? ": rewritten in place, or read back"
                                                         : ": each was made from the others")});
    }
  }
  if (all.size() > kNamedCycles) {
    lines->push_back({"", "and " + std::to_string(all.size() - kNamedCycles) + " more cycles"});
  }
  return list;
}

}  // namespace headrace::query

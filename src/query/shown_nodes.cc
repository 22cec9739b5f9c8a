#include "query/shown_nodes.h"

#include <algorithm>

namespace headrace::query {

std::vector<uint32_t> shown_nodes(const std::vector<NodeWeight>& nodes, size_t most) {
  std::vector<uint32_t> out(nodes.size(), kNotShown);
  size_t room = std::min(most, nodes.size());
  const auto show = [&](size_t node) {
    if (room == 0 || out[node] != kNotShown) return;
    out[node] = 0;
    --room;
  };
  if (room < nodes.size()) {
    for (size_t i = 0; i < nodes.size(); ++i) {
      if (nodes[i].has_failed) show(i);
    }
    const auto longest = std::max_element(
        nodes.begin(), nodes.end(),
        [](const NodeWeight& a, const NodeWeight& b) { return a.seconds < b.seconds; });
    show(static_cast<size_t>(longest - nodes.begin()));
  }
  for (size_t i = 0; i < nodes.size(); ++i) show(i);
  uint32_t next = 0;
  for (uint32_t& number : out) {
    if (number != kNotShown) number = next++;
  }
  return out;
}

}  // namespace headrace::query

// Which nodes of a graph are shown where there are too many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace headrace::query {

// What a node, in the order of their begins, is chosen by.
struct NodeWeight {
  bool has_failed = false;  // one of its tasks failed or was lost
  double seconds = 0;
};

constexpr uint32_t kNotShown = std::numeric_limits<uint32_t>::max();

// The number of each node among the `most` that are shown, in the same order, else kNotShown: those
// that failed, the one that took longest, then those that began first.
std::vector<uint32_t> shown_nodes(const std::vector<NodeWeight>& nodes, size_t most);

}  // namespace headrace::query

// Places for the nodes of a graph: layers by the longest way that leads to a node, and in a layer
// an order in which few edges cross (Sugiyama's method: longest path, then sweeps by barycentre).
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace headrace::query {

struct LayoutPlace {
  size_t layer = 0;
  double y = 0;  // from the middle of the layer, a step a node
};

// `edges`: (from, to) of nodes; those that close a cycle are left out of the layering. Cost linear
// in nodes and edges, times a few sweeps.
std::vector<LayoutPlace> layered_layout(size_t nodes,
                                        const std::vector<std::pair<size_t, size_t>>& edges);

}  // namespace headrace::query

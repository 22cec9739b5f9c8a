// Places for the nodes of a graph: layers by the longest way that leads to a node, and in a layer
// an order in which few edges cross (Sugiyama's method: longest path, then sweeps by barycentre).
// The same nodes and edges are laid out the same each time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace headrace::query {

struct LayoutEdge {
  uint32_t from = 0;  // nodes
  uint32_t to = 0;
};

struct LayoutPlace {
  uint32_t layer = 0;
  double y = 0;  // from the middle of the layer, a step a node
};

// The layer of each node. Edges that close a cycle do not count. Cost: linear in nodes and edges.
std::vector<uint32_t> layers_of(size_t nodes, const std::vector<LayoutEdge>& edges);

// No two nodes share a place. Cost: that of the layers, and sorting each layer for a few sweeps:
// 10,000 nodes in about 5 ms.
std::vector<LayoutPlace> layered_layout(size_t nodes, const std::vector<LayoutEdge>& edges);

}  // namespace headrace::query

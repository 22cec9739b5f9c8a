// The nodes that edges run between: each once, in the order of their ids, and for each edge the
// numbers of its ends. This is most of the work of making a run (edge_run.h).
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "query/edge_run.h"

namespace headrace::query {

struct NumberedNodes {
  std::vector<Uuid> ids;  // ascending
  std::vector<NodeKind> kinds;
  std::vector<std::pair<uint32_t, uint32_t>> ends;  // of each edge: from, to
};

// Quicker where the edges of a task follow each other. At most 2^31 edges.
NumberedNodes number_nodes(const std::vector<StoredEdge>& edges);

}  // namespace headrace::query

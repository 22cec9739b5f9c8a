// A lineage as JSON: {nodes: [{kind, id, label, distance, exact, facts}], edges: [{from, to,
// relation, name, exact}]}. An edge with `exact` false is inferred, a node one that only such lead
// to.
#pragma once

#include <vector>

#include "query/json.h"
#include "query/why.h"

namespace headrace::query {

Json graph_json(const std::vector<WhyNode>& nodes, const std::vector<LineageEdge>& edges);

}  // namespace headrace::query

// A graph of a workflow's activities, summed in the store: no task of a million is looked at by
// itself.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "query/activity_graph.h"
#include "store/database.h"

namespace headrace::query {

// Nodes and edges without places and waves; at `most` so many, as query/shown_nodes.h chooses.
// `workflow`: its number in the store. Cost: a million tasks about 50 ms, as many that lie in
// others or used what others generated some hundred ms more.
Result<ActivityGraph> sum_activities(const store::Connection& connection, int64_t workflow,
                                     size_t most);

}  // namespace headrace::query

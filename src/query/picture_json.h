// Reductions as the documents that the views draw, one shape for the server's answers, the report
// and notebooks: web/src/api/answers.ts says what each member means.
#pragma once

#include <string_view>

#include "query/activity_graph.h"
#include "query/json.h"
#include "query/rank_heat.h"
#include "query/task_window.h"

namespace headrace::query {

// "busy", "tasks", "failed", "power"
std::string_view name_of(HeatQuantity quantity);

// A window of the tasks: lanes, spans as columns side by side, the ids of the tasks that stand
// alone.
Json timeline_json(const TaskLanes& all, const WindowQuestion& question);
// Nodes and edges as columns side by side: what they repeat are numbers of activities, relations
// and names.
Json activity_graph_json(const ActivityGraph& graph, GraphLevel level);
// Its values by rank, one after the other.
Json rank_heat_json(const RankHeat& heat, HeatQuantity quantity);

}  // namespace headrace::query

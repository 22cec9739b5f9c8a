#include "query/picture_json.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/clock.h"

namespace headrace::query {
namespace {

// By model/status.h.
constexpr const char* kStatusNames[] = {"pending", "running",   "finished",
                                        "failed",  "cancelled", "lost"};

// JSON has no NaN.
Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }
Json maybe(const std::optional<int64_t>& value) { return value ? Json(*value) : Json(); }
Json whole(size_t value) { return {static_cast<int64_t>(value)}; }

Json lane_json(const Lane& lane) {
  return Json::Map{{"label", lane_label(lane)}, {"hostname", lane.hostname},
                   {"pid", maybe(lane.pid)},    {"thread", maybe(lane.thread)},
                   {"rank", maybe(lane.rank)},  {"depth", whole(lane.depth)}};
}

Json spans_json(const TaskLanes& all, const TaskWindow& window, size_t first_lane,
                Json::List* tasks) {
  Json::List lane, start, duration, activity, status, energy, task, count, longest;
  for (const WindowSpan& span : window.spans) {
    lane.push_back(whole(span.lane - first_lane));
    // From the answer's begin on: small numbers, that a double holds exactly.
    start.emplace_back(span.start_ns - all.begin_ns);
    duration.emplace_back(span.duration_ns);
    activity.emplace_back(static_cast<int64_t>(span.activity));
    status.emplace_back(static_cast<int64_t>(span.status));
    energy.push_back(number_or_null(static_cast<double>(span.energy_j)));
    if (span.count == 1) {
      task.push_back(whole(tasks->size()));
      tasks->emplace_back(all.id[span.row].text());
    } else {
      task.emplace_back(int64_t{-1});
    }
    count.emplace_back(static_cast<int64_t>(span.count));
    longest.emplace_back(span.longest_ns);
  }
  return Json::Map{{"lane", std::move(lane)},
                   {"start_ns", std::move(start)},
                   {"duration_ns", std::move(duration)},
                   {"activity", std::move(activity)},
                   {"status", std::move(status)},
                   {"energy_j", std::move(energy)},
                   {"task", std::move(task)},
                   {"count", std::move(count)},
                   {"longest_ns", std::move(longest)}};
}

Json node_json(const GraphNode& node) {
  Json::Map statuses;
  for (size_t i = 0; i < node.statuses.size(); ++i) {
    if (node.statuses[i] > 0) statuses.emplace_back(kStatusNames[i], whole(node.statuses[i]));
  }
  return Json::Map{{"id", node.id},
                   {"label", node.label},
                   {"wave", node.wave},
                   {"tasks", whole(node.tasks)},
                   {"statuses", std::move(statuses)},
                   {"duration_s", node.seconds},
                   {"energy_j", node.energy_j ? Json(*node.energy_j) : Json()},
                   {"x", node.x},
                   {"y", node.y}};
}

}  // namespace

std::string_view name_of(GraphLevel level) {
  static constexpr std::string_view kNames[] = {"activity", "wave", "task"};
  return kNames[static_cast<size_t>(level)];
}

std::string_view name_of(HeatQuantity quantity) {
  static constexpr std::string_view kNames[] = {"busy", "tasks", "failed", "power"};
  return kNames[static_cast<size_t>(quantity)];
}

Json timeline_json(const TaskLanes& all, const WindowQuestion& question) {
  const TaskWindow window = task_window(all, question);
  Json::List lanes;
  const size_t first_lane = std::min(question.lanes_from, all.lanes.size());
  const size_t last_lane = std::min(all.lanes.size(), first_lane + question.lanes);
  for (size_t i = first_lane; i < last_lane; ++i) lanes.push_back(lane_json(all.lanes[i]));
  Json::List tasks;
  Json spans = spans_json(all, window, first_lane, &tasks);
  return Json::Map{{"begin_at", utc_text(all.begin_ns)},
                   {"begin_ns", all.begin_ns},
                   {"end_ns", all.end_ns},
                   {"from_ns", question.from_ns},
                   {"to_ns", question.to_ns},
                   {"lanes", std::move(lanes)},
                   {"lanes_total", whole(all.lanes.size())},
                   {"activities", Json::List(all.activities.begin(), all.activities.end())},
                   {"statuses", Json::List(std::begin(kStatusNames), std::end(kStatusNames))},
                   {"tasks", std::move(tasks)},
                   {"spans", std::move(spans)},
                   {"total", whole(all.tasks())},
                   {"shown", whole(window.tasks)}};
}

Json activity_graph_json(const ActivityGraph& graph, GraphLevel level) {
  Json::List nodes;
  for (const GraphNode& node : graph.nodes) nodes.push_back(node_json(node));
  Json::List edges;
  for (const GraphEdge& edge : graph.edges) {
    edges.emplace_back(Json::Map{{"from", whole(edge.from)},
                                 {"to", whole(edge.to)},
                                 {"relation", edge.relation},
                                 {"name", edge.name},
                                 {"exact", edge.exact},
                                 {"count", whole(edge.count)}});
  }
  return Json::Map{{"level", std::string(name_of(level))},
                   {"nodes", std::move(nodes)},
                   {"edges", std::move(edges)},
                   {"tasks", whole(graph.tasks)},
                   {"nodes_left", whole(graph.nodes_total - graph.nodes.size())}};
}

Json rank_heat_json(const RankHeat& heat, HeatQuantity quantity) {
  Json::List ranks;
  for (const Lane& rank : heat.ranks) {
    ranks.emplace_back(Json::Map{{"label", lane_label(rank)},
                                 {"hostname", rank.hostname},
                                 {"pid", maybe(rank.pid)},
                                 {"rank", maybe(rank.rank)}});
  }
  Json::List values;
  for (const double value : heat.values) values.push_back(number_or_null(value));
  return Json::Map{{"quantity", std::string(name_of(quantity))},
                   {"unit", quantity == HeatQuantity::kPower ? Json("W") : Json()},
                   {"from_ns", heat.from_ns},
                   {"to_ns", heat.to_ns},
                   {"bins", whole(heat.bins)},
                   {"ranks", std::move(ranks)},
                   {"values", std::move(values)}};
}

}  // namespace headrace::query

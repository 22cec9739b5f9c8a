#include "query/picture_json.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "base/clock.h"
#include "query/json_or_null.h"

namespace headrace::query {
namespace {

// By model/status.h.
constexpr const char* kStatusNames[] = {"pending", "running",   "finished",
                                        "failed",  "cancelled", "lost"};

// JSON has no NaN.
Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(); }
Json whole(size_t value) { return {static_cast<int64_t>(value)}; }

Json lane_json(const Lane& lane) {
  return Json::Map{{"label", lane_label(lane)},       {"hostname", lane.hostname},
                   {"pid", json_or_null(lane.pid)},   {"thread", json_or_null(lane.thread)},
                   {"rank", json_or_null(lane.rank)}, {"depth", whole(lane.depth)}};
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

// Numbers each text once, in the order in which they come.
class Texts {
 public:
  Json number_of(const std::string& text) {
    const auto [found, is_new] = numbers_.try_emplace(text, numbers_.size());
    if (is_new) all_.emplace_back(text);
    return whole(found->second);
  }
  Json::List take() { return std::move(all_); }

 private:
  std::unordered_map<std::string, size_t> numbers_;
  Json::List all_;
};

// Moves the columns in: a list in braces copies each of its values.
template <typename... Columns>
Json side_by_side(std::pair<const char*, Columns>... columns) {
  Json::Map out;
  (out.emplace_back(columns.first, std::move(columns.second)), ...);
  return out;
}

// Only of those that a task has.
Json statuses_json(const std::vector<GraphNode>& nodes) {
  Json::Map out;
  for (size_t status = 0; status < std::size(kStatusNames); ++status) {
    if (std::none_of(nodes.begin(), nodes.end(),
                     [status](const GraphNode& node) { return node.statuses[status] > 0; })) {
      continue;
    }
    Json::List counts;
    for (const GraphNode& node : nodes) counts.push_back(whole(node.statuses[status]));
    out.emplace_back(kStatusNames[status], std::move(counts));
  }
  return out;
}

Json nodes_json(const std::vector<GraphNode>& nodes, Texts* activities) {
  Json::List id, activity, wave, tasks, duration, energy, x, y;
  for (const GraphNode& node : nodes) {
    id.emplace_back(node.id);
    activity.push_back(activities->number_of(node.label));
    wave.emplace_back(node.wave);
    tasks.push_back(whole(node.tasks));
    duration.emplace_back(node.seconds);
    energy.push_back(node.energy_j ? Json(*node.energy_j) : Json());
    x.emplace_back(node.x);
    y.emplace_back(node.y);
  }
  return side_by_side(std::pair("id", std::move(id)), std::pair("activity", std::move(activity)),
                      std::pair("wave", std::move(wave)), std::pair("tasks", std::move(tasks)),
                      std::pair("statuses", statuses_json(nodes)),
                      std::pair("duration_s", std::move(duration)),
                      std::pair("energy_j", std::move(energy)), std::pair("x", std::move(x)),
                      std::pair("y", std::move(y)));
}

Json edges_json(const std::vector<GraphEdge>& edges, Texts* names) {
  Json::List from, to, relation, name, exact, count;
  for (const GraphEdge& edge : edges) {
    from.emplace_back(int64_t{edge.from});
    to.emplace_back(int64_t{edge.to});
    relation.push_back(whole(static_cast<size_t>(edge.kind)));
    name.push_back(names->number_of(edge.name));
    exact.emplace_back(edge.exact);
    count.push_back(whole(edge.count));
  }
  return side_by_side(std::pair("from", std::move(from)), std::pair("to", std::move(to)),
                      std::pair("relation", std::move(relation)),
                      std::pair("name", std::move(name)), std::pair("exact", std::move(exact)),
                      std::pair("count", std::move(count)));
}

}  // namespace

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
  Texts activities;
  Texts names;
  Json nodes = nodes_json(graph.nodes, &activities);
  Json edges = edges_json(graph.edges, &names);
  Json::List relations;
  for (const FlowKind kind : {FlowKind::kData, FlowKind::kParent}) {
    relations.emplace_back(std::string(name_of(kind)));
  }
  return side_by_side(std::pair("level", std::string(name_of(level))),
                      std::pair("activities", activities.take()),
                      std::pair("relations", std::move(relations)),
                      std::pair("names", names.take()), std::pair("nodes", std::move(nodes)),
                      std::pair("edges", std::move(edges)), std::pair("tasks", whole(graph.tasks)),
                      std::pair("nodes_left", whole(graph.nodes_total - graph.nodes.size())));
}

Json rank_heat_json(const RankHeat& heat, HeatQuantity quantity) {
  Json::List ranks;
  for (const Lane& rank : heat.ranks) {
    ranks.emplace_back(Json::Map{{"label", lane_label(rank)},
                                 {"hostname", rank.hostname},
                                 {"pid", json_or_null(rank.pid)},
                                 {"rank", json_or_null(rank.rank)}});
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

#include "query/activity_graph.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "query/activity_flows.h"
#include "query/flow_joules.h"
#include "query/layered_layout.h"
#include "query/shown_nodes.h"
#include "query/task_failure.h"
#include "query/task_flows.h"
#include "query/task_rows.h"
#include "store/database.h"

namespace headrace::query {
namespace {

// How many steps of data lie before each task.
std::vector<uint32_t> waves_of(const TaskFlows& all) {
  std::vector<LayoutEdge> edges;
  for (const TaskFlow& flow : all.flows) {
    if (!flow.is_parent) edges.push_back({flow.from, flow.to});
  }
  return layers_of(all.tasks.size(), edges);
}

std::string wave_name(const std::string& activity, uint32_t wave) {
  return activity + "#" + std::to_string(wave);
}

// A workflow's tasks, and which of them are shown.
struct Tasks {
  TaskFlows all;
  std::vector<uint32_t> waves;
  std::vector<double> joules;
  std::vector<bool> shown;
};

// Of `name`, a node at any level, and what is up to two steps from it; none where there is no such.
std::vector<bool> near(const Tasks& of, const TaskRows& ids, const std::string& name) {
  const std::optional<Uuid> id = Uuid::parse(name);
  std::vector<bool> out(of.all.tasks.size(), false);
  for (size_t i = 0; i < out.size(); ++i) {
    const FlowTask& task = of.all.tasks[i];
    const std::string& activity = of.all.activities[task.activity];
    out[i] = (id && ids.id(task.producer, task.seq) == *id) || activity == name ||
             (name.starts_with(activity) && wave_name(activity, of.waves[i]) == name);
  }
  for (int step = 0; step < 2; ++step) {
    std::vector<bool> more = out;
    for (const TaskFlow& flow : of.all.flows) {
      if (out[flow.from]) more[flow.to] = true;
      if (out[flow.to]) more[flow.from] = true;
    }
    out = std::move(more);
  }
  return out;
}

void add_task(const FlowTask& task, double joules, GraphNode* node) {
  if (node->tasks++ == 0) node->energy_j = 0;
  if (node->energy_j && !std::isnan(joules)) {
    *node->energy_j += joules;
  } else {
    node->energy_j.reset();
  }
  ++node->statuses[task.status];
  node->seconds += static_cast<double>(task.duration_ns) / 1e9;
}

class Collapse {
 public:
  Collapse(const Tasks& of, const TaskRows& ids, const GraphQuestion& question)
      : of_(of), ids_(ids), question_(question), node_of_(of.all.tasks.size(), kNotShown) {}

  ActivityGraph run() {
    out_.tasks = of_.all.tasks_total;
    number_nodes();
    for (uint32_t i = 0; i < node_of_.size(); ++i) {
      if (node_of_[i] != kNotShown) put(i);
    }
    if (question_.level == GraphLevel::kTask && question_.around.empty()) {
      out_.nodes_total = of_.all.tasks_total;
    }
    put_edges();
    return std::move(out_);
  }

 private:
  // Of what its node stands for.
  uint64_t key_of(uint32_t i) const {
    if (question_.level == GraphLevel::kTask) return i;
    const uint64_t wave = question_.level == GraphLevel::kWave ? of_.waves[i] : 0;
    return uint64_t{of_.all.tasks[i].activity} << 32 | wave;
  }

  // By the begin of their first tasks.
  void number_nodes() {
    std::unordered_map<uint64_t, uint32_t> numbers;
    std::vector<NodeWeight> weights;
    for (uint32_t i = 0; i < node_of_.size(); ++i) {
      if (!of_.shown[i]) continue;
      const auto [found, is_new] =
          numbers.try_emplace(key_of(i), static_cast<uint32_t>(numbers.size()));
      if (is_new) weights.emplace_back();
      node_of_[i] = found->second;
      const FlowTask& task = of_.all.tasks[i];
      weights[found->second].seconds += static_cast<double>(task.duration_ns) / 1e9;
      weights[found->second].has_failed |= is_failure(task.status);
    }
    out_.nodes_total = numbers.size();
    const std::vector<uint32_t> shown = shown_nodes(weights, question_.most_nodes);
    for (uint32_t& node : node_of_) {
      if (node != kNotShown) node = shown[node];
    }
    out_.nodes.resize(std::min(question_.most_nodes, numbers.size()));
  }

  void put(uint32_t i) {
    const FlowTask& task = of_.all.tasks[i];
    GraphNode& node = out_.nodes[node_of_[i]];
    if (node.tasks == 0) {
      node.label = of_.all.activities[task.activity];
      node.wave = of_.waves[i];
      node.id = question_.level == GraphLevel::kTask   ? ids_.id(task.producer, task.seq).text()
                : question_.level == GraphLevel::kWave ? wave_name(node.label, of_.waves[i])
                                                       : node.label;
    }
    add_task(task, of_.joules[i], &node);
  }

  void put_edges() {
    std::vector<TaskFlow> flows;
    for (const TaskFlow& flow : of_.all.flows) {
      const uint32_t from = node_of_[flow.from];
      const uint32_t to = node_of_[flow.to];
      if (from == kNotShown || to == kNotShown || from == to) continue;
      flows.push_back({from, to, flow.name, flow.is_parent, flow.exact});
    }
    std::sort(flows.begin(), flows.end(), [](const TaskFlow& a, const TaskFlow& b) {
      return std::tie(a.from, a.to, a.is_parent) < std::tie(b.from, b.to, b.is_parent);
    });
    for (const TaskFlow& flow : flows) {
      const FlowKind kind = flow.is_parent ? FlowKind::kParent : FlowKind::kData;
      const std::string& name = of_.all.names[flow.name];
      if (out_.edges.empty() || out_.edges.back().from != flow.from ||
          out_.edges.back().to != flow.to || out_.edges.back().kind != kind) {
        out_.edges.push_back({flow.from, flow.to, kind, name, flow.exact, 0});
      }
      GraphEdge& edge = out_.edges.back();
      ++edge.count;
      edge.exact = edge.exact && flow.exact;
      if (name < edge.name) edge.name = name;
    }
  }

  const Tasks& of_;
  const TaskRows& ids_;
  const GraphQuestion& question_;
  std::vector<uint32_t> node_of_;
  ActivityGraph out_;
};

Result<ActivityGraph> collapse_tasks(const store::Connection& connection, int64_t workflow,
                                     const GraphQuestion& question) {
  const Result<TaskRows> ids = TaskRows::open(connection);
  if (!ids.ok()) return ids.status();
  // Of tasks themselves those that are shown are enough, unless those near one of them are wanted.
  const bool is_cut = question.level == GraphLevel::kTask && question.around.empty();
  Result<TaskFlows> flows =
      read_task_flows(connection, workflow, is_cut ? question.most_nodes : SIZE_MAX);
  if (!flows.ok()) return flows.status();
  Result<std::vector<double>> joules = joules_of(connection, workflow, *flows);
  if (!joules.ok()) return joules.status();
  Tasks tasks{std::move(*flows), {}, std::move(*joules), {}};
  tasks.waves = waves_of(tasks.all);
  tasks.shown.assign(tasks.all.tasks.size(), true);
  if (!question.around.empty()) {
    tasks.shown = near(tasks, *ids, question.around);
    if (std::find(tasks.shown.begin(), tasks.shown.end(), true) == tasks.shown.end()) {
      return not_found("the workflow has no task or activity " + question.around.substr(0, 100));
    }
  }
  return Collapse(tasks, *ids, question).run();
}

void lay_out(GraphLevel level, ActivityGraph* graph) {
  std::vector<LayoutEdge> edges;
  std::vector<LayoutEdge> data;
  for (const GraphEdge& edge : graph->edges) {
    edges.push_back({edge.from, edge.to});
    if (edge.kind == FlowKind::kData) data.push_back({edge.from, edge.to});
  }
  const std::vector<LayoutPlace> places = layered_layout(graph->nodes.size(), edges);
  for (size_t i = 0; i < places.size(); ++i) {
    graph->nodes[i].x = places[i].layer;
    graph->nodes[i].y = places[i].y;
  }
  if (level != GraphLevel::kActivity) return;
  const std::vector<uint32_t> waves = layers_of(graph->nodes.size(), data);
  for (size_t i = 0; i < waves.size(); ++i) graph->nodes[i].wave = waves[i];
}

}  // namespace

std::string_view name_of(GraphLevel level) {
  static constexpr std::string_view kNames[] = {"activity", "wave", "task"};
  return kNames[static_cast<size_t>(level)];
}

std::string_view name_of(FlowKind kind) { return kind == FlowKind::kData ? "data" : "parent"; }

Result<ActivityGraph> activity_graph(const Session& session, const GraphQuestion& question) {
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  // None has this number; then there are no tasks.
  const Result<int64_t> workflow = connection->integer(
      "SELECT coalesce(max(wf), -1)::BIGINT FROM workflow_row WHERE workflow = '" +
      question.workflow.text() + "'");
  if (!workflow.ok()) return workflow.status();
  Result<ActivityGraph> out = question.level == GraphLevel::kActivity && question.around.empty()
                                  ? sum_activities(*connection, *workflow, question.most_nodes)
                                  : collapse_tasks(*connection, *workflow, question);
  if (!out.ok()) return out;
  std::sort(out->edges.begin(), out->edges.end(), [](const GraphEdge& a, const GraphEdge& b) {
    return std::tie(a.from, a.to, a.kind) < std::tie(b.from, b.to, b.kind);
  });
  lay_out(question.level, &*out);
  return out;
}

}  // namespace headrace::query

#include "query/activity_graph.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "query/layered_layout.h"
#include "query/task_joules.h"
#include "query/task_rows.h"
#include "store/database.h"

namespace headrace::query {
namespace {

constexpr size_t kStatuses = 6;  // of model/status.h

struct Task {
  Uuid id;
  Uuid parent;
  std::string activity;
  int64_t wave = 0;
  uint8_t status = 0;
  double seconds = 0;
  std::optional<double> energy_j;
};

struct Flow {
  size_t from = 0;  // tasks
  size_t to = 0;
  std::string relation;
  std::string name;
  bool exact = true;
};

struct Tasks {
  std::vector<Task> tasks;  // by begin
  std::unordered_map<Uuid, size_t> places;
  std::vector<Flow> flows;
};

std::string mine(const Uuid& workflow) {
  return "SELECT producer, seq, activity, ts, dur, status, parent_producer, parent_seq FROM "
         "(SELECT producer, seq, wf, activity, ts, dur, status, parent_producer, parent_seq FROM "
         "task_slots UNION ALL SELECT producer, seq, wf, activity, ts, dur, status, "
         "parent_producer, parent_seq FROM open_task) WHERE wf = (SELECT wf FROM workflow_row "
         "WHERE workflow = '" +
         workflow.text() + "')";
}

Status read_tasks(const store::Connection& connection, const TaskRows& ids, const Uuid& workflow,
                  Tasks* out) {
  Result<store::QueryResult> rows = connection.query(
      "SELECT t.producer, t.seq, a.name, t.dur, t.status, t.parent_producer, t.parent_seq, "
      "en.joules FROM (" +
      mine(workflow) + ") t LEFT JOIN activity_row a ON a.activity = t.activity " +
      task_joules_join("wf = (SELECT wf FROM workflow_row WHERE workflow = '" + workflow.text() +
                       "')") +
      " ORDER BY t.ts, t.producer, t.seq");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      Task task;
      task.id = ids.id(c.integer(0, row), c.integer(1, row));
      task.activity = c.text(2, row);
      task.seconds = c.is_null(3, row) ? 0 : static_cast<double>(c.integer(3, row)) / 1e9;
      task.status = static_cast<uint8_t>(std::min<int64_t>(c.integer(4, row), kStatuses - 1));
      if (!c.is_null(6, row)) task.parent = ids.id(c.integer(5, row), c.integer(6, row));
      if (!c.is_null(7, row)) task.energy_j = c.real(7, row);
      out->places.emplace(task.id, out->tasks.size());
      out->tasks.push_back(std::move(task));
    }
  }
  for (size_t i = 0; i < out->tasks.size(); ++i) {
    const auto parent = out->places.find(out->tasks[i].parent);
    if (out->tasks[i].parent.is_nil() || parent == out->places.end()) continue;
    if (parent->second != i) out->flows.push_back({parent->second, i, "parent", "", true});
  }
  return {};
}

Status read_flows(const store::Connection& connection, const TaskRows& ids, const Uuid& workflow,
                  Tasks* out) {
  const std::string own = " SEMI JOIN m ON m.producer = e.producer AND m.seq = e.seq ";
  Result<store::QueryResult> rows = connection.query(
      "WITH m AS (" + mine(workflow) +
      "), made AS (SELECT e.object, e.producer, e.seq, e.exact FROM edge_row e" + own +
      "WHERE e.relation = 1), used AS (SELECT e.object, e.producer, e.seq, e.name, e.exact FROM "
      "edge_row e" +
      own +
      "WHERE e.relation = 0) SELECT made.producer, made.seq, used.producer, used.seq, "
      "coalesce(used.name, ''), made.exact AND used.exact FROM made JOIN used ON used.object = "
      "made.object");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      const auto from = out->places.find(ids.id(c.integer(0, row), c.integer(1, row)));
      const auto to = out->places.find(ids.id(c.integer(2, row), c.integer(3, row)));
      if (from == out->places.end() || to == out->places.end() || from->second == to->second) {
        continue;
      }
      out->flows.push_back(
          {from->second, to->second, "data", std::string(c.text(4, row)), c.boolean(5, row)});
    }
  }
  return {};
}

// How many steps of data lie before each task.
void set_waves(Tasks* all) {
  std::vector<std::pair<size_t, size_t>> edges;
  for (const Flow& flow : all->flows) {
    if (flow.relation == "data") edges.emplace_back(flow.from, flow.to);
  }
  const std::vector<LayoutPlace> places = layered_layout(all->tasks.size(), edges);
  for (size_t i = 0; i < places.size(); ++i) {
    all->tasks[i].wave = static_cast<int64_t>(places[i].layer);
  }
}

// Whether a task is the node that was named, or part of it.
bool is_of_node(const Task& task, const std::string& name) {
  return task.id.text() == name || task.activity == name ||
         task.activity + "#" + std::to_string(task.wave) == name;
}

// These tasks and those up to two steps from them.
std::set<size_t> near(const Tasks& all, std::set<size_t> out) {
  for (int step = 0; step < 2; ++step) {
    std::set<size_t> more = out;
    for (const Flow& flow : all.flows) {
      if (out.contains(flow.from)) more.insert(flow.to);
      if (out.contains(flow.to)) more.insert(flow.from);
    }
    out = std::move(more);
  }
  return out;
}

std::string node_id(const Task& task, GraphLevel level) {
  switch (level) {
    case GraphLevel::kActivity: return task.activity;
    case GraphLevel::kWave: return task.activity + "#" + std::to_string(task.wave);
    case GraphLevel::kTask: break;
  }
  return task.id.text();
}

void add_task(const Task& task, GraphNode* node) {
  if (node->tasks++ == 0) {
    node->statuses.assign(kStatuses, 0);
    node->energy_j = task.energy_j;
  } else if (node->energy_j) {
    node->energy_j = task.energy_j ? std::optional(*node->energy_j + *task.energy_j) : std::nullopt;
  }
  ++node->statuses[task.status];
  node->seconds += task.seconds;
}

ActivityGraph collapse(const Tasks& all, const GraphQuestion& question,
                       const std::set<size_t>* only) {
  ActivityGraph out;
  out.tasks = all.tasks.size();
  std::unordered_map<std::string, size_t> numbers;
  std::vector<size_t> node_of(all.tasks.size(), SIZE_MAX);
  std::set<std::string> left;
  for (size_t i = 0; i < all.tasks.size(); ++i) {
    if (only != nullptr && !only->contains(i)) continue;
    const Task& task = all.tasks[i];
    const std::string id = node_id(task, question.level);
    auto found = numbers.find(id);
    if (found == numbers.end()) {
      if (out.nodes.size() >= question.most_nodes) {
        left.insert(id);
        continue;
      }
      found = numbers.emplace(id, out.nodes.size()).first;
      GraphNode& node = out.nodes.emplace_back();
      node.id = id;
      node.label = task.activity;
      node.wave = task.wave;
    }
    node_of[i] = found->second;
    add_task(task, &out.nodes[found->second]);
  }
  out.nodes_total = out.nodes.size() + left.size();
  std::map<std::tuple<size_t, size_t, std::string>, GraphEdge> edges;
  for (const Flow& flow : all.flows) {
    const size_t from = node_of[flow.from];
    const size_t to = node_of[flow.to];
    if (from == SIZE_MAX || to == SIZE_MAX || from == to) continue;
    const auto [found, is_new] = edges.try_emplace({from, to, flow.relation});
    GraphEdge& edge = found->second;
    if (is_new) {
      edge = {from, to, flow.relation, flow.name, flow.exact, 0};
    }
    ++edge.count;
    edge.exact = edge.exact && flow.exact;
    edge.name = std::min(edge.name, flow.name);
  }
  for (auto& [key, edge] : edges) out.edges.push_back(std::move(edge));
  return out;
}

void lay_out(ActivityGraph* graph) {
  std::vector<std::pair<size_t, size_t>> edges;
  for (const GraphEdge& edge : graph->edges) edges.emplace_back(edge.from, edge.to);
  const std::vector<LayoutPlace> places = layered_layout(graph->nodes.size(), edges);
  for (size_t i = 0; i < places.size(); ++i) {
    graph->nodes[i].x = static_cast<double>(places[i].layer);
    graph->nodes[i].y = places[i].y;
  }
}

}  // namespace

Result<ActivityGraph> activity_graph(const Session& session, const GraphQuestion& question) {
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  const Result<TaskRows> ids = TaskRows::open(*connection);
  if (!ids.ok()) return ids.status();
  Tasks all;
  HEADRACE_RETURN_IF_ERROR(read_tasks(*connection, *ids, question.workflow, &all));
  HEADRACE_RETURN_IF_ERROR(read_flows(*connection, *ids, question.workflow, &all));
  set_waves(&all);
  std::optional<std::set<size_t>> only;
  if (!question.around.empty()) {
    std::set<size_t> start;
    for (size_t i = 0; i < all.tasks.size(); ++i) {
      if (is_of_node(all.tasks[i], question.around)) start.insert(i);
    }
    if (start.empty()) {
      return not_found("the workflow has no task or activity " + question.around.substr(0, 100));
    }
    only = near(all, std::move(start));
  }
  ActivityGraph out = collapse(all, question, only ? &*only : nullptr);
  lay_out(&out);
  return out;
}

}  // namespace headrace::query

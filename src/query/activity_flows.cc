#include "query/activity_flows.h"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "query/all_tasks.h"
#include "query/domain_sum.h"
#include "query/shown_nodes.h"
#include "query/task_failure.h"
#include "query/task_joules.h"

namespace headrace::query {
namespace {

class Summing {
 public:
  Summing(const store::Connection& connection, int64_t workflow, ActivityGraph* out)
      : connection_(connection),
        workflow_(std::to_string(workflow)),
        tasks_(all_tasks("producer, seq, activity, ts, dur, status, parent_producer, parent_seq",
                         "wf = " + workflow_)),
        out_(*out) {}

  Status read_nodes(size_t most);
  Status read_energy();
  Status read_parents();
  Status read_data();

 private:
  // Not given: beyond the limit.
  GraphNode* node_of(int64_t activity) {
    const auto found = numbers_.find(activity);
    return found == numbers_.end() ? nullptr : &out_.nodes[found->second];
  }
  Status read_uneven_energy();
  Status read_edges(const std::string& sql, FlowKind kind);

  const store::Connection& connection_;
  const std::string workflow_;
  const std::string tasks_;
  ActivityGraph& out_;
  std::unordered_map<int64_t, uint32_t> numbers_;  // nodes by activity
  std::string producers_;                          // a condition that holds for all tasks' rows
};

Status Summing::read_nodes(size_t most) {
  Result<store::QueryResult> rows = connection_.query(
      "SELECT s.*, a.name, min(began) OVER (PARTITION BY s.activity) AS first FROM (SELECT "
      "activity, least(status, 5), count(*), coalesce(sum(dur), 0) / 1e9, min(ts) AS began, "
      "min(producer), max(producer) FROM " +
      tasks_ +
      " GROUP BY activity, least(status, 5)) s LEFT JOIN activity_row a ON a.activity = s.activity "
      "ORDER BY first, s.activity, 2");
  if (!rows.ok()) return rows.status();
  int64_t least = INT64_MAX;
  int64_t last = 0;
  int64_t at = -1;
  std::vector<int64_t> activities;
  std::vector<NodeWeight> weights;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      const auto tasks = static_cast<uint64_t>(c.integer(2, row));
      out_.tasks += tasks;
      least = std::min(least, c.integer(5, row));
      last = std::max(last, c.integer(6, row));
      if (c.integer(0, row) != at) {
        at = c.integer(0, row);
        activities.push_back(at);
        weights.emplace_back();
        GraphNode& node = out_.nodes.emplace_back();
        node.id = node.label = c.text(7, row);
      }
      GraphNode& node = out_.nodes.back();
      node.statuses[static_cast<size_t>(c.integer(1, row))] += tasks;
      node.tasks += tasks;
      node.seconds += c.real(3, row);
      weights.back().seconds = node.seconds;
      weights.back().has_failed |= is_failure(c.integer(1, row));
    }
  }
  out_.nodes_total = activities.size();
  const std::vector<uint32_t> shown = shown_nodes(weights, most);
  for (size_t i = 0; i < shown.size(); ++i) {
    if (shown[i] == kNotShown) continue;
    numbers_.emplace(activities[i], shown[i]);
    if (shown[i] != i) out_.nodes[shown[i]] = std::move(out_.nodes[i]);
  }
  out_.nodes.resize(numbers_.size());
  producers_ = "e.producer BETWEEN " + std::to_string(least) + " AND " +
               std::to_string(std::max(least, last));
  return {};
}

// Where each task has the same domains these may be summed first; mostly they have.
Status Summing::read_energy() {
  Result<store::QueryResult> rows = connection_.query(
      "SELECT activity, domain, count(*), count(attributed_j), sum(attributed_j) FROM "
      "task_energy_row WHERE wf = " +
      workflow_ + " GROUP BY activity, domain ORDER BY activity, domain");
  if (!rows.ok()) return rows.status();
  std::map<int64_t, std::vector<DomainEnergy>> domains;
  bool is_even = true;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      const GraphNode* node = node_of(c.integer(0, row));
      if (node == nullptr) continue;
      is_even = is_even && static_cast<uint64_t>(c.integer(2, row)) == node->tasks;
      const bool is_known = c.integer(3, row) == c.integer(2, row);
      domains[c.integer(0, row)].push_back({std::string(c.text(1, row)),
                                            is_known ? std::optional(c.real(4, row)) : std::nullopt,
                                            std::nullopt, "", ""});
    }
  }
  if (!is_even) return read_uneven_energy();
  for (const auto& [activity, list] : domains) {
    node_of(activity)->energy_j = sum_domains(list).joules;
  }
  return {};
}

Status Summing::read_uneven_energy() {
  Result<store::QueryResult> rows = connection_.query(
      "SELECT t.activity, count(*) = count(en.joules), sum(en.joules) FROM " + tasks_ + " t " +
      task_joules_join("wf = " + workflow_) + " GROUP BY t.activity");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      GraphNode* node = node_of(c.integer(0, row));
      if (node != nullptr && c.boolean(1, row)) node->energy_j = c.real(2, row);
    }
  }
  return {};
}

// `sql` gives the activities, how many, the least name and whether all was captured.
Status Summing::read_edges(const std::string& sql, FlowKind kind) {
  Result<store::QueryResult> rows = connection_.query(sql);
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      const auto from = numbers_.find(c.integer(0, row));
      const auto to = numbers_.find(c.integer(1, row));
      if (from == numbers_.end() || to == numbers_.end()) continue;
      out_.edges.push_back({from->second, to->second, kind, std::string(c.text(3, row)),
                            c.boolean(4, row), static_cast<uint64_t>(c.integer(2, row))});
    }
  }
  return {};
}

// Tasks that lie in one task are counted before that is looked up.
Status Summing::read_parents() {
  return read_edges(
      "SELECT p.activity, t.activity, sum(t.n)::BIGINT, '', true FROM (SELECT parent_producer, "
      "parent_seq, activity, count(*) AS n FROM " +
          tasks_ + " WHERE parent_seq IS NOT NULL GROUP BY ALL) t JOIN " + tasks_ +
          " p ON p.producer = t.parent_producer AND p.seq = t.parent_seq WHERE p.activity <> "
          "t.activity GROUP BY p.activity, t.activity",
      FlowKind::kParent);
}

// Beside an object, tasks of an activity are counted before they are paired: what a million tasks
// read and one generated is one pair.
Status Summing::read_data() {
  return read_edges(
      "WITH beside AS (SELECT e.object, e.relation, t.activity, count(*) AS n, "
      "min(coalesce(e.name, "
      "'')) AS name, bool_and(e.exact) AS exact FROM edge_row e JOIN " +
          tasks_ + " t ON t.producer = e.producer AND t.seq = e.seq WHERE " + producers_ +
          " AND e.seq IS NOT NULL GROUP BY ALL) SELECT made.activity, used.activity, sum(made.n * "
          "used.n)::BIGINT, min(used.name), bool_and(made.exact AND used.exact) FROM beside made "
          "JOIN beside used ON used.object = made.object WHERE made.relation = 1 AND used.relation "
          "= 0 AND made.activity <> used.activity GROUP BY made.activity, used.activity",
      FlowKind::kData);
}

}  // namespace

Result<ActivityGraph> sum_activities(const store::Connection& connection, int64_t workflow,
                                     size_t most) {
  ActivityGraph out;
  Summing summing(connection, workflow, &out);
  HEADRACE_RETURN_IF_ERROR(summing.read_nodes(most));
  if (out.nodes.empty()) return out;
  HEADRACE_RETURN_IF_ERROR(summing.read_energy());
  HEADRACE_RETURN_IF_ERROR(summing.read_parents());
  HEADRACE_RETURN_IF_ERROR(summing.read_data());
  return out;
}

}  // namespace headrace::query

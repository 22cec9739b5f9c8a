#include "query/lineage.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "query/task_rows.h"
#include "query/value_match.h"

namespace headrace::query {
namespace {

// What every program brings along (docs/boxes.md) explains nothing, unless it is asked about.
constexpr std::string_view kBroughtAlong = "system_files";
// Earlier tasks under one parent are too many to guess from.
constexpr size_t kMostGuessed = 1000;

class Walk {
 public:
  Walk(const Session& session, const EdgeIndex& index, Direction direction,
       const LineageOptions& options)
      : session_(session),
        index_(index),
        behind_(direction == Direction::kBehind),
        options_(options) {}

  Result<Lineage> from(NodeKind kind, const Uuid& id) {
    node(kind, id, 0);
    if (index_.has_workflow_edges() || kind == NodeKind::kWorkflow) {
      HEADRACE_RETURN_IF_ERROR(load_workflows());
    }
    while (!next_.empty()) {
      std::vector<size_t> level;
      level.swap(next_);
      if (options_.depth > 0 && out_.nodes[level.front()].distance >= options_.depth) {
        for (const size_t at : level) out_.cut += goes_on(out_.nodes[at]) ? 1 : 0;
        out_.whole = out_.cut == 0;
        break;
      }
      HEADRACE_RETURN_IF_ERROR(load_workflows_of(level));
      for (const size_t at : level) HEADRACE_RETURN_IF_ERROR(follow(at));
      if (options_.inferred) HEADRACE_RETURN_IF_ERROR(follow_values(level));
    }
    sort_by_distance();
    mark_inferred(&out_, behind_ ? Direction::kBehind : Direction::kAhead);
    return std::move(out_);
  }

 private:
  // The edges of an actor that matter in this direction: used behind it, generated ahead.
  void visit_io(const Uuid& actor, const StepVisitor& visit) const {
    const auto wanted = [this, &visit](const LineageStep& step) {
      if (step.relation == (behind_ ? Relation::kUsed : Relation::kGenerated) &&
          step.name != kBroughtAlong) {
        visit(step);
      }
    };
    behind_ ? index_.into(actor, wanted) : index_.out_of(actor, wanted);
  }
  bool has_io(const Uuid& actor) const {
    bool found = false;
    visit_io(actor, [&found](const LineageStep&) { found = true; });
    return found;
  }
  // Who made an object (behind it), or who used it (ahead).
  void visit_actors(const LineageNode& object, const StepVisitor& visit) const {
    const auto wanted = [&](const LineageStep& step) {
      if (step.relation == (behind_ ? Relation::kGenerated : Relation::kUsed) &&
          (step.name != kBroughtAlong || object.distance == 0)) {
        visit(step);
      }
    };
    behind_ ? index_.into(object.id, wanted) : index_.out_of(object.id, wanted);
  }
  bool goes_on(const LineageNode& n) const {
    if (n.kind != NodeKind::kObject) return has_io(n.id);
    bool found = false;
    visit_actors(n, [&found](const LineageStep&) { found = true; });
    return found;
  }

  // From the task's parent outward. Ends on a cycle.
  std::vector<Uuid> ancestors(const Uuid& task) const {
    std::vector<Uuid> out;
    std::set<Uuid> seen{task};
    for (Uuid at = task;;) {
      Uuid parent;
      index_.into(at, [&parent](const LineageStep& step) {
        if (step.relation == Relation::kParent) parent = step.other;
      });
      if (parent.is_nil() || !seen.insert(parent).second) return out;
      out.push_back(parent);
      at = parent;
    }
  }
  // Tasks inside `task` with edges that matter, by the way from it: pairs (parent, task).
  std::vector<std::pair<Uuid, Uuid>> inside(const Uuid& task) {
    std::vector<std::pair<Uuid, Uuid>> out;
    std::vector<Uuid> open{task};
    std::unordered_set<Uuid> seen{task};
    while (!open.empty()) {
      const Uuid at = open.back();
      open.pop_back();
      index_.out_of(at, [&](const LineageStep& step) {
        if (step.relation != Relation::kParent || !seen.insert(step.other).second) return;
        open.push_back(step.other);
        if (has_io(step.other)) out.emplace_back(at, step.other);
      });
    }
    return out;
  }

  size_t node(NodeKind kind, const Uuid& id, int distance, bool follow = true) {
    const auto [found, is_new] = numbers_.emplace(id, out_.nodes.size());
    if (is_new) out_.nodes.push_back({kind, id, distance});
    if (follow && followed_.insert(found->second).second) next_.push_back(found->second);
    return found->second;
  }
  // `near` and `far` as seen from the start.
  void edge(size_t near, size_t far, std::string_view relation, std::string_view name, bool exact) {
    const size_t from = behind_ ? far : near;
    const size_t to = behind_ ? near : far;
    if (seen_edges_.emplace(from, to, relation, name).second) {
      out_.edges.push_back({from, to, std::string(relation), std::string(name), exact});
    }
  }
  void parent_edge(size_t outer, size_t inner) {
    if (seen_edges_.emplace(outer, inner, "parent", "").second) {
      out_.edges.push_back({outer, inner, "parent", "", true});
    }
  }
  // Whether the actor used (or generated) anything.
  bool add_io(size_t at, int distance) {
    bool found = false;
    visit_io(out_.nodes[at].id, [&](const LineageStep& step) {
      found = true;
      edge(at, node(NodeKind::kObject, step.other, distance + 1), name_of(step.relation), step.name,
           step.exact);
    });
    return found;
  }
  // Nodes and parent edges from `outer` down to `inner`; neither is followed further.
  void chain(const Uuid& outer, const Uuid& inner, int distance) {
    size_t below = node(NodeKind::kTask, inner, distance, false);
    for (const Uuid& ancestor : ancestors(inner)) {
      const size_t above = node(NodeKind::kTask, ancestor, distance, false);
      parent_edge(above, below);
      if (ancestor == outer) break;
      below = above;
    }
  }

  Status follow(size_t at) {
    const LineageNode current = out_.nodes[at];
    switch (current.kind) {
      case NodeKind::kObject:
        visit_actors(current, [&](const LineageStep& step) {
          edge(at, node(step.other_kind, step.other, current.distance + 1), name_of(step.relation),
               step.name, step.exact);
        });
        return {};
      case NodeKind::kTask: return task(at, current);
      case NodeKind::kWorkflow: return workflow(at, current);
    }
    return {};
  }

  Status task(size_t at, const LineageNode& current) {
    const std::vector<Uuid> around = ancestors(current.id);
    bool found = add_io(at, current.distance);
    for (const Uuid& outer : around) {
      if (!has_io(outer)) continue;
      chain(outer, current.id, current.distance);
      found |= add_io(node(NodeKind::kTask, outer, current.distance, false), current.distance);
    }
    for (const auto& [parent, inner] : inside(current.id)) {
      chain(current.id, inner, current.distance);
      found |= add_io(node(NodeKind::kTask, inner, current.distance, false), current.distance);
    }
    for (const Uuid& around_it : workflows_around(current.id)) {
      if (!has_io(around_it)) continue;
      const size_t above = node(NodeKind::kWorkflow, around_it, current.distance, false);
      parent_edge(above, at);
      add_io(above, current.distance);  // holds for all its tasks, so says little of this
    }
    return found || !behind_ ? Status() : guess(at, current, around);
  }

  Status workflow(size_t at, const LineageNode& current) {
    add_io(at, current.distance);
    Result<store::Connection> connection = session_.connect();
    if (!connection.ok()) return connection.status();
    Result<TaskRows> ids = TaskRows::open(*connection);
    if (!ids.ok()) return ids.status();
    Result<store::QueryResult> rows = connection->query(
        "SELECT t.producer, t.seq FROM (SELECT producer, seq, wf FROM task_slots UNION ALL "
        "SELECT producer, seq, wf FROM open_task) t SEMI JOIN edge_row e ON e.producer = "
        "t.producer AND e.seq = t.seq AND e.relation = " +
        std::string(behind_ ? "0" : "1") +
        " WHERE t.wf = (SELECT wf FROM workflow_row WHERE workflow = '" + current.id.text() + "')");
    if (!rows.ok()) return rows.status();
    while (rows->next()) {
      for (size_t row = 0; row < rows->chunk().rows(); ++row) {
        const Uuid inner = ids->id(rows->chunk().integer(0, row), rows->chunk().integer(1, row));
        if (!has_io(inner)) continue;
        const size_t below = node(NodeKind::kTask, inner, current.distance, false);
        parent_edge(at, below);
        add_io(below, current.distance);
      }
    }
    return {};
  }

  // What earlier tasks under the nearest common parent used.
  Status guess(size_t at, const LineageNode& current, const std::vector<Uuid>& around) {
    for (const Uuid& outer : around) {
      std::vector<Uuid> users;
      for (const auto& [parent, inner] : inside(outer)) users.push_back(inner);
      if (users.empty()) continue;
      if (users.size() > kMostGuessed) return {};
      Result<std::vector<Uuid>> earlier = begun_by(users, current.id);
      if (!earlier.ok()) return earlier.status();
      for (const Uuid& user : *earlier) {
        visit_io(user, [&](const LineageStep& step) {
          edge(at, node(NodeKind::kObject, step.other, current.distance + 1), "used", step.name,
               false);
        });
      }
      if (!earlier->empty()) return {};
    }
    return {};
  }
  // Those of the tasks that had begun when `task` began.
  Result<std::vector<Uuid>> begun_by(const std::vector<Uuid>& tasks, const Uuid& task) const {
    Result<store::Connection> connection = session_.connect();
    if (!connection.ok()) return connection.status();
    Result<TaskRows> ids = TaskRows::open(*connection);
    if (!ids.ok()) return ids.status();
    const std::string all =
        "(SELECT producer, seq, ts FROM task_slots UNION ALL SELECT producer, seq, ts FROM "
        "open_task)";
    Result<store::QueryResult> rows = connection->query(
        "SELECT t.producer, t.seq FROM " + all + " t WHERE " + ids->are(tasks, "t") +
        " AND t.ts <= (SELECT max(u.ts) FROM " + all + " u WHERE " + ids->are({task}, "u") + ")");
    if (!rows.ok()) return rows.status();
    std::vector<Uuid> out;
    while (rows->next()) {
      for (size_t row = 0; row < rows->chunk().rows(); ++row) {
        out.push_back(ids->id(rows->chunk().integer(0, row), rows->chunk().integer(1, row)));
      }
    }
    return out;
  }

  Status follow_values(const std::vector<size_t>& level) {
    std::vector<Uuid> tasks;
    for (const size_t at : level) {
      if (out_.nodes[at].kind == NodeKind::kTask) tasks.push_back(out_.nodes[at].id);
    }
    Result<std::vector<ValueMatch>> matches = match_values(session_, tasks, behind_);
    if (!matches.ok()) return matches.status();
    for (const ValueMatch& match : *matches) {
      const size_t at = numbers_.at(behind_ ? match.used_by : match.generated_by);
      const int distance = out_.nodes[at].distance;
      edge(at, node(NodeKind::kTask, behind_ ? match.generated_by : match.used_by, distance + 1),
           "value", match.name, false);
    }
    return {};
  }

  Status load_workflows() {
    Result<store::Connection> connection = session_.connect();
    if (!connection.ok()) return connection.status();
    Result<store::QueryResult> outer =
        connection->query("SELECT workflow, parent FROM workflow_row WHERE parent IS NOT NULL");
    if (!outer.ok()) return outer.status();
    while (outer->next()) {
      for (size_t row = 0; row < outer->chunk().rows(); ++row) {
        outer_workflows_.emplace(outer->chunk().uuid(0, row), outer->chunk().uuid(1, row));
      }
    }
    return {};
  }
  // Matters only where a workflow used or generated something itself.
  Status load_workflows_of(const std::vector<size_t>& level) {
    if (!index_.has_workflow_edges()) return {};
    std::vector<Uuid> tasks;
    for (const size_t at : level) {
      if (out_.nodes[at].kind == NodeKind::kTask) tasks.push_back(out_.nodes[at].id);
    }
    if (tasks.empty()) return {};
    Result<store::Connection> connection = session_.connect();
    if (!connection.ok()) return connection.status();
    Result<TaskRows> ids = TaskRows::open(*connection);
    if (!ids.ok()) return ids.status();
    Result<store::QueryResult> rows = connection->query(
        "SELECT t.producer, t.seq, w.workflow FROM (SELECT producer, seq, wf FROM task_slots UNION "
        "ALL SELECT producer, seq, wf FROM open_task) t JOIN workflow_row w ON w.wf = t.wf WHERE " +
        ids->are(tasks, "t"));
    if (!rows.ok()) return rows.status();
    while (rows->next()) {
      const store::Chunk& chunk = rows->chunk();
      for (size_t row = 0; row < chunk.rows(); ++row) {
        workflows_.emplace(ids->id(chunk.integer(0, row), chunk.integer(1, row)),
                           chunk.uuid(2, row));
      }
    }
    return {};
  }
  // The task's workflow and those that this one is part of, innermost first.
  std::vector<Uuid> workflows_around(const Uuid& task) const {
    std::vector<Uuid> out;
    const auto own = workflows_.find(task);
    if (own == workflows_.end()) return out;
    std::set<Uuid> seen;
    for (Uuid at = own->second; seen.insert(at).second;) {
      out.push_back(at);
      const auto outer = outer_workflows_.find(at);
      if (outer == outer_workflows_.end()) break;
      at = outer->second;
    }
    return out;
  }

  void sort_by_distance() {
    std::vector<size_t> order(out_.nodes.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(), [this](size_t a, size_t b) {
      return out_.nodes[a].distance < out_.nodes[b].distance;
    });
    std::vector<size_t> place(order.size());
    std::vector<LineageNode> nodes;
    for (size_t i = 0; i < order.size(); ++i) {
      place[order[i]] = i;
      nodes.push_back(out_.nodes[order[i]]);
    }
    out_.nodes = std::move(nodes);
    for (LineageEdge& e : out_.edges) {
      e.from = place[e.from];
      e.to = place[e.to];
    }
  }

  const Session& session_;
  const EdgeIndex& index_;
  bool behind_;
  LineageOptions options_;
  Lineage out_;
  std::unordered_map<Uuid, size_t> numbers_;
  std::unordered_set<size_t> followed_;
  std::set<std::tuple<size_t, size_t, std::string, std::string>> seen_edges_;
  std::vector<size_t> next_;
  std::unordered_map<Uuid, Uuid> workflows_;
  std::unordered_map<Uuid, Uuid> outer_workflows_;
};

}  // namespace

Result<Lineage> walk_lineage(const Session& session, const EdgeIndex& index, NodeKind kind,
                             const Uuid& id, Direction direction, const LineageOptions& options) {
  return Walk(session, index, direction, options).from(kind, id);
}

Lineage lineage_between(const Lineage& from, const Lineage& other) {
  constexpr size_t kNone = static_cast<size_t>(-1);
  std::unordered_map<Uuid, size_t> there;
  for (size_t i = 0; i < other.nodes.size(); ++i) there.emplace(other.nodes[i].id, i);
  Lineage out;
  out.whole = false;
  if (!there.contains(from.nodes.front().id)) return out;
  std::vector<size_t> place(from.nodes.size(), kNone);
  for (size_t i = 0; i < from.nodes.size(); ++i) {
    const auto also = there.find(from.nodes[i].id);
    if (also == there.end()) continue;
    place[i] = out.nodes.size();
    out.nodes.push_back(from.nodes[i]);
    out.nodes.back().exact &= other.nodes[also->second].exact;
  }
  for (const LineageEdge& e : from.edges) {
    if (place[e.from] == kNone || place[e.to] == kNone) continue;
    out.edges.push_back(e);
    out.edges.back().from = place[e.from];
    out.edges.back().to = place[e.to];
  }
  return out;
}

}  // namespace headrace::query

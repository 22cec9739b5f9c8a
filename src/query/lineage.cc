#include "query/lineage.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

namespace headrace::query {
namespace {

using Key = std::pair<NodeKind, Uuid>;

// An object beside a task or workflow.
struct Use {
  Key actor;
  Uuid object;
  std::string name;
  bool exact = true;
};

// The edges of a store, by both ends.
class EdgeTable {
 public:
  static Result<EdgeTable> load(const Session& session) {
    EdgeTable table;
    Result<store::Connection> connection = session.connect();
    if (!connection.ok()) return connection.status();
    Result<store::QueryResult> uses = connection->query(
        "SELECT relation = 'generated', CASE relation WHEN 'used' THEN to_kind ELSE from_kind END, "
        "CASE relation WHEN 'used' THEN to_id ELSE from_id END, "
        "CASE relation WHEN 'used' THEN from_id ELSE to_id END, coalesce(name, ''), exact "
        // What every program brings along (docs/boxes.md) explains nothing.
        "FROM edge WHERE relation IN ('used', 'generated') AND name IS DISTINCT FROM "
        "'system_files'");
    if (!uses.ok()) return uses.status();
    while (uses->next()) table.add_uses(uses->chunk());
    Result<store::QueryResult> parents =
        connection->query("SELECT to_id, from_id FROM edge WHERE relation = 'parent'");
    if (!parents.ok()) return parents.status();
    fill(*parents, &table.parents_);
    HEADRACE_RETURN_IF_ERROR(table.load_workflows(*connection));
    table.index();
    return table;
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

  std::vector<const Use*> generators_of(const Uuid& object) const {
    return pointers(generated_, by_generated_object_, object);
  }
  std::vector<const Use*> used_by(const Key& actor) const {
    return pointers(used_, by_user_, actor);
  }

  // From the task's parent outward. Ends on a cycle.
  std::vector<Uuid> ancestors(const Uuid& task) const {
    std::vector<Uuid> out;
    std::set<Uuid> seen{task};
    for (auto parent = parents_.find(task); parent != parents_.end();
         parent = parents_.find(out.back())) {
      if (!seen.insert(parent->second).second) break;
      out.push_back(parent->second);
    }
    return out;
  }
  // Tasks inside `task` that used an object.
  std::vector<Uuid> users_inside(const Uuid& task) const {
    const auto found = users_inside_.find(task);
    return found == users_inside_.end() ? std::vector<Uuid>{} : found->second;
  }

 private:
  // Workflows matter only where one used something itself.
  Status load_workflows(const store::Connection& connection) {
    const bool needed = std::any_of(used_.begin(), used_.end(), [](const Use& use) {
      return use.actor.first == NodeKind::kWorkflow;
    });
    if (!needed) return {};
    Result<store::QueryResult> tasks = connection.query("SELECT task_id, workflow_id FROM task");
    if (!tasks.ok()) return tasks.status();
    fill(*tasks, &workflows_);
    Result<store::QueryResult> outer = connection.query(
        "SELECT workflow_id, parent_workflow_id FROM workflow WHERE parent_workflow_id IS NOT "
        "NULL");
    if (!outer.ok()) return outer.status();
    fill(*outer, &outer_workflows_);
    return {};
  }
  static void fill(store::QueryResult& rows, std::unordered_map<Uuid, Uuid>* out) {
    while (rows.next()) {
      for (size_t row = 0; row < rows.chunk().rows(); ++row) {
        out->emplace(rows.chunk().uuid(0, row), rows.chunk().uuid(1, row));
      }
    }
  }
  void add_uses(const store::Chunk& chunk) {
    for (size_t row = 0; row < chunk.rows(); ++row) {
      const NodeKind kind =
          chunk.text(1, row) == "workflow" ? NodeKind::kWorkflow : NodeKind::kTask;
      (chunk.boolean(0, row) ? generated_ : used_)
          .push_back({{kind, chunk.uuid(2, row)},
                      chunk.uuid(3, row),
                      std::string(chunk.text(4, row)),
                      chunk.boolean(5, row)});
    }
  }
  void index() {
    for (size_t i = 0; i < generated_.size(); ++i) {
      by_generated_object_[generated_[i].object].push_back(i);
    }
    for (size_t i = 0; i < used_.size(); ++i) by_user_[used_[i].actor].push_back(i);
    for (const auto& [actor, uses] : by_user_) {
      if (actor.first != NodeKind::kTask) continue;
      for (const Uuid& outer : ancestors(actor.second))
        users_inside_[outer].push_back(actor.second);
    }
  }
  template <typename Index, typename K>
  static std::vector<const Use*> pointers(const std::vector<Use>& uses, const Index& index,
                                          const K& key) {
    std::vector<const Use*> out;
    const auto found = index.find(key);
    if (found == index.end()) return out;
    for (const size_t i : found->second) out.push_back(&uses[i]);
    return out;
  }

  std::vector<Use> used_;
  std::vector<Use> generated_;
  std::unordered_map<Uuid, Uuid> parents_;
  std::unordered_map<Uuid, Uuid> workflows_;
  std::unordered_map<Uuid, Uuid> outer_workflows_;
  std::unordered_map<Uuid, std::vector<size_t>> by_generated_object_;
  std::map<Key, std::vector<size_t>> by_user_;
  std::unordered_map<Uuid, std::vector<Uuid>> users_inside_;
};

class Walk {
 public:
  Walk(const Session& session, const EdgeTable& edges) : session_(session), edges_(edges) {}

  Result<Lineage> from(NodeKind kind, const Uuid& id) {
    node({kind, id}, 0);
    while (!queue_.empty()) {
      const size_t at = queue_.front();
      queue_.pop_front();
      const LineageNode current = out_.nodes[at];
      if (current.kind == NodeKind::kObject) {
        for (const Use* use : edges_.generators_of(current.id)) {
          edge(node(use->actor, current.distance + 1), at, "generated", use->name, use->exact);
        }
      } else if (current.kind == NodeKind::kTask) {
        HEADRACE_RETURN_IF_ERROR(task(at, current));
      } else {
        HEADRACE_RETURN_IF_ERROR(workflow(at, current));
      }
    }
    sort_by_distance();
    return std::move(out_);
  }

 private:
  size_t node(const Key& key, int distance, bool follow = true) {
    const auto [found, is_new] = numbers_.emplace(key, out_.nodes.size());
    if (is_new) out_.nodes.push_back({key.first, key.second, distance});
    if (follow && followed_.insert(found->second).second) queue_.push_back(found->second);
    return found->second;
  }
  void edge(size_t from, size_t to, const std::string& relation, const std::string& name,
            bool exact) {
    if (seen_edges_.insert({from, to, relation, name}).second) {
      out_.edges.push_back({from, to, relation, name, exact});
    }
  }
  // Whether the actor used anything.
  bool add_used(size_t at, const Key& actor, int distance) {
    const std::vector<const Use*> uses = edges_.used_by(actor);
    for (const Use* use : uses) {
      edge(node({NodeKind::kObject, use->object}, distance + 1), at, "used", use->name, use->exact);
    }
    return !uses.empty();
  }
  // Nodes and parent edges from `outer` down to `inner`; neither is followed further.
  void chain(const Uuid& outer, const Uuid& inner, int distance) {
    size_t below = node({NodeKind::kTask, inner}, distance, false);
    for (const Uuid& ancestor : edges_.ancestors(inner)) {
      const size_t above = node({NodeKind::kTask, ancestor}, distance, false);
      edge(above, below, "parent", "", true);
      if (ancestor == outer) break;
      below = above;
    }
  }

  Status task(size_t at, const LineageNode& current) {
    const std::vector<Uuid> ancestors = edges_.ancestors(current.id);
    bool found = add_used(at, {NodeKind::kTask, current.id}, current.distance);
    for (const Uuid& outer : ancestors) {
      if (edges_.used_by({NodeKind::kTask, outer}).empty()) continue;
      chain(outer, current.id, current.distance);
      found |= add_used(node({NodeKind::kTask, outer}, current.distance, false),
                        {NodeKind::kTask, outer}, current.distance);
    }
    for (const Uuid& inner : edges_.users_inside(current.id)) {
      chain(current.id, inner, current.distance);
      found |= add_used(node({NodeKind::kTask, inner}, current.distance, false),
                        {NodeKind::kTask, inner}, current.distance);
    }
    for (const Uuid& workflow : edges_.workflows_around(current.id)) {
      const Key around{NodeKind::kWorkflow, workflow};
      if (edges_.used_by(around).empty()) continue;
      const size_t above = node(around, current.distance, false);
      edge(above, at, "parent", "", true);
      add_used(above, around, current.distance);  // holds for all its tasks, so says little of this
    }
    return found ? Status() : infer(at, current, ancestors);
  }

  Status workflow(size_t at, const LineageNode& current) {
    add_used(at, {NodeKind::kWorkflow, current.id}, current.distance);
    auto rows = session_.rows("SELECT task_id FROM task WHERE workflow_id = '" + current.id.text() +
                              "' AND task_id IN (SELECT to_id FROM edge WHERE relation = 'used')");
    if (!rows.ok()) return rows.status();
    for (const auto& row : *rows) {
      const Key inner{NodeKind::kTask, *Uuid::parse(row[0].text)};
      const size_t below = node(inner, current.distance, false);
      edge(at, below, "parent", "", true);
      add_used(below, inner, current.distance);
    }
    return {};
  }

  // What earlier tasks under the nearest common parent used.
  Status infer(size_t at, const LineageNode& current, const std::vector<Uuid>& ancestors) {
    for (const Uuid& outer : ancestors) {
      const std::vector<Uuid> users = edges_.users_inside(outer);
      if (users.empty()) continue;
      std::string ids;
      for (const Uuid& user : users) ids += (ids.empty() ? "'" : ", '") + user.text() + "'";
      auto rows = session_.rows("SELECT task_id FROM task WHERE task_id IN (" + ids +
                                ") AND started_at <= (SELECT max(started_at) FROM task WHERE "
                                "task_id = '" +
                                current.id.text() + "')");
      if (!rows.ok()) return rows.status();
      for (const auto& row : *rows) {
        for (const Use* use : edges_.used_by({NodeKind::kTask, *Uuid::parse(row[0].text)})) {
          edge(node({NodeKind::kObject, use->object}, current.distance + 1), at, "used", use->name,
               false);
        }
      }
      if (!rows->empty()) return {};
    }
    return {};
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
  const EdgeTable& edges_;
  Lineage out_;
  std::map<Key, size_t> numbers_;
  std::set<size_t> followed_;
  std::set<std::tuple<size_t, size_t, std::string, std::string>> seen_edges_;
  std::deque<size_t> queue_;
};

}  // namespace

std::string_view name_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::kObject: return "object";
    case NodeKind::kTask: return "task";
    case NodeKind::kWorkflow: return "workflow";
  }
  return "node";
}

Result<Lineage> lineage_behind(const Session& session, NodeKind kind, const Uuid& id) {
  Result<EdgeTable> edges = EdgeTable::load(session);
  if (!edges.ok()) return edges.status();
  return Walk(session, *edges).from(kind, id);
}

}  // namespace headrace::query

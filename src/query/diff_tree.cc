#include "query/diff_tree.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "query/domain_sum.h"
#include "query/task_texts.h"
#include "query/tradeoff_labels.h"
#include "store/schema.h"
#include "store/task_view.h"

namespace headrace::query {
namespace {

using store::sql_text;

std::string listed_ids(const std::vector<std::string>& ids) {
  std::string out;
  for (const std::string& id : ids) out += (out.empty() ? "" : ", ") + sql_text(id);
  return out.empty() ? "NULL" : out;
}

Result<std::vector<std::string>> texts(const Session& session, const std::string& sql) {
  const auto rows = session.rows(sql);
  if (!rows.ok()) return rows.status();
  std::vector<std::string> out;
  for (const auto& row : *rows) {
    if (!row[0].is_null) out.push_back(row[0].text);
  }
  return out;
}

class Reader {
 public:
  Reader(const Session& session, const Thing& thing) : session_(session), thing_(thing) {}

  Result<DiffTree> read() {
    HEADRACE_RETURN_IF_ERROR(find_scope());
    HEADRACE_RETURN_IF_ERROR(read_workflows());
    HEADRACE_RETURN_IF_ERROR(read_tasks());
    if (!roots_.empty()) keep_inside();
    HEADRACE_RETURN_IF_ERROR(read_energy());
    link();
    return std::move(out_);
  }

 private:
  Status find_scope() {
    std::string workflows;
    switch (thing_.kind) {
      case ThingKind::kWorkflow: out_.workflows = {thing_.id}; return {};
      case ThingKind::kCampaign:
        workflows = "SELECT workflow_id FROM workflow WHERE campaign_id = " + sql_text(thing_.id) +
                    " ORDER BY started_at";
        break;
      case ThingKind::kTask: roots_ = {thing_.id}; break;
      case ThingKind::kObject: {
        auto tasks = texts(session_,
                           "SELECT from_id FROM edge WHERE relation = 'generated' AND from_kind = "
                           "'task' AND to_id = " +
                               sql_text(thing_.id));
        if (!tasks.ok()) return tasks.status();
        roots_ = std::move(*tasks);
        if (roots_.empty()) return {};
        break;
      }
    }
    if (workflows.empty()) {
      workflows =
          "SELECT DISTINCT workflow_id FROM task WHERE task_id IN (" + listed_ids(roots_) + ")";
    }
    auto ids = texts(session_, workflows);
    if (!ids.ok()) return ids.status();
    out_.workflows = std::move(*ids);
    return {};
  }

  // Of a campaign and a workflow they are the outermost nodes.
  Status read_workflows() {
    if (!roots_.empty() || thing_.kind == ThingKind::kObject) return {};
    const auto rows = session_.rows(
        "SELECT workflow_id, name, status, used, generated, duration_s FROM workflow WHERE "
        "workflow_id IN (" +
        listed_ids(out_.workflows) + ") ORDER BY started_at");
    if (!rows.ok()) return rows.status();
    for (const auto& row : *rows) {
      DiffNode node;
      node.id = row[0].text;
      node.activity = row[1].text;
      node.status = row[2].text;
      node.is_workflow = true;
      node.used = row[3].text;
      node.generated = row[4].text;
      if (!row[5].is_null) node.seconds = row[5].real;
      out_.places.emplace(node.id, out_.nodes.size());
      out_.nodes.push_back(std::move(node));
    }
    return {};
  }

  Status read_tasks() {
    if (out_.workflows.empty()) return {};
    auto connection = session_.connect();
    if (!connection.ok()) return connection.status();
    const Result<bool> quick = read_quickly(*connection);
    if (!quick.ok()) return quick.status();
    if (!*quick) HEADRACE_RETURN_IF_ERROR(read_through_view(*connection));
    out_.tasks = parents_.size();
    return {};
  }

  Result<bool> read_quickly(const store::Connection& connection) {
    std::unordered_map<uint32_t, std::string> workflows;
    std::unordered_map<uint32_t, std::string> activities;
    auto rows = connection.query("SELECT wf, workflow FROM workflow_row WHERE workflow IN (" +
                                 listed_ids(out_.workflows) + ")");
    if (!rows.ok()) return rows.status();
    std::string list;
    while (rows->next()) {
      for (size_t i = 0; i < rows->chunk().rows(); ++i) {
        const auto wf = static_cast<uint32_t>(rows->chunk().integer(0, i));
        workflows[wf] = rows->chunk().uuid(1, i).text();
        list += (list.empty() ? "" : ", ") + std::to_string(wf);
      }
    }
    if (list.empty()) return true;
    auto names = connection.query("SELECT activity, name FROM activity_row");
    if (!names.ok()) return names.status();
    while (names->next()) {
      for (size_t i = 0; i < names->chunk().rows(); ++i) {
        activities[static_cast<uint32_t>(names->chunk().integer(0, i))] = names->chunk().text(1, i);
      }
    }
    static constexpr const char* kStatus[] = {"pending", "running",   "finished",
                                              "failed",  "cancelled", "lost"};
    return each_task_text(connection, "t.wf IN (" + list + ")", [&](TaskText&& task) {
      DiffNode node;
      node.id = task.id.text();
      node.activity = activities[task.activity];
      node.status = kStatus[task.status >= 0 && task.status < 6 ? task.status : 0];
      node.seconds = task.seconds;
      node.used = std::move(task.used);
      node.generated = std::move(task.generated);
      add_task(std::move(node), task.parent.is_nil() ? "" : task.parent.text(),
               workflows[task.workflow]);
    });
  }

  void add_task(DiffNode node, std::string parent, std::string workflow) {
    parents_.push_back(std::move(parent));
    of_workflow_.push_back(std::move(workflow));
    out_.places.emplace(node.id, out_.nodes.size());
    out_.nodes.push_back(std::move(node));
  }

  Status read_through_view(const store::Connection& connection) {
    const auto registry = store::Registry::load(connection);
    if (!registry.ok()) return registry.status();
    store::TaskView view;
    view.columns = {"task_id", "parent_task_id", "workflow_id", "activity",
                    "status",  "started_at",     "duration_s"};
    view.used_json = true;
    view.generated_json = true;
    HEADRACE_RETURN_IF_ERROR(connection.run(store::task_view_sql(*registry, view)));
    auto rows = connection.query(
        "SELECT task_id, parent_task_id, workflow_id, activity, status, duration_s, used, "
        "generated "
        "FROM task WHERE workflow_id IN (" +
        listed_ids(out_.workflows) + ") ORDER BY started_at, task_id");
    if (!rows.ok()) return rows.status();
    while (rows->next()) {
      const store::Chunk& c = rows->chunk();
      for (size_t i = 0; i < c.rows(); ++i) {
        DiffNode node;
        node.id = c.uuid(0, i).text();
        node.activity = c.text(3, i);
        node.status = c.text(4, i);
        if (!c.is_null(5, i)) node.seconds = c.real(5, i);
        node.used = c.text(6, i);
        node.generated = c.text(7, i);
        add_task(std::move(node), c.is_null(1, i) ? "" : c.uuid(1, i).text(), c.uuid(2, i).text());
      }
    }
    return {};
  }

  // Drops all that is not one of the roots nor inside one. There are no workflow nodes here.
  void keep_inside() {
    std::vector<int> inside(out_.nodes.size(), -1);  // -1: not known yet
    for (const std::string& root : roots_) {
      const auto found = out_.places.find(root);
      if (found != out_.places.end()) inside[found->second] = 1;
    }
    std::vector<size_t> way;
    for (size_t i = 0; i < out_.nodes.size(); ++i) {
      size_t at = i;
      way.clear();
      while (inside[at] < 0) {
        inside[at] = 0;  // until a root is met; also ends a circle
        way.push_back(at);
        const auto parent = out_.places.find(parents_[at]);
        if (parent == out_.places.end()) break;
        at = parent->second;
      }
      if (inside[at] == 1) {
        for (const size_t node : way) inside[node] = 1;
      }
    }
    size_t kept = 0;
    for (size_t i = 0; i < out_.nodes.size(); ++i) {
      if (inside[i] != 1) continue;
      if (kept != i) {
        out_.nodes[kept] = std::move(out_.nodes[i]);
        parents_[kept] = std::move(parents_[i]);
        of_workflow_[kept] = std::move(of_workflow_[i]);
      }
      ++kept;
    }
    out_.nodes.resize(kept);
    parents_.resize(kept);
    of_workflow_.resize(kept);
    out_.tasks = kept;
    out_.places.clear();
    for (size_t i = 0; i < kept; ++i) out_.places.emplace(out_.nodes[i].id, i);
  }

  Status read_energy() {
    if (out_.workflows.empty()) return {};
    const auto connection = session_.connect();
    if (!connection.ok()) return connection.status();
    auto rows = connection->query(
        "SELECT " + store::quick_task_id_sql("p", "e.seq") +
        ", e.domain, e.attributed_j, e.u95_j, e.truth, e.method FROM task_energy_row e JOIN "
        "(SELECT "
        "producer, seq FROM task_slots WHERE wf IN (SELECT wf FROM workflow_row WHERE workflow IN "
        "(" +
        listed_ids(out_.workflows) +
        "))) t ON t.producer = e.producer AND t.seq = e.seq JOIN producer_row p ON p.producer = "
        "e.producer ORDER BY e.producer, e.seq, e.domain");
    if (!rows.ok()) return rows.status();
    std::vector<DomainEnergy> domains;
    std::string task;
    const auto finish = [&] {
      const auto place = out_.places.find(task);
      if (!domains.empty() && place != out_.places.end()) {
        const EnergySum sum = sum_domains(domains);
        out_.nodes[place->second].energy_j = sum.joules;
        out_.nodes[place->second].energy_truth = sum.truth;
      }
      domains.clear();
    };
    const auto number = [](const store::Chunk& c, size_t column, size_t row) {
      return c.is_null(column, row) ? std::nullopt : std::optional<double>(c.real(column, row));
    };
    while (rows->next()) {
      const store::Chunk& c = rows->chunk();
      for (size_t i = 0; i < c.rows(); ++i) {
        std::string id = c.uuid(0, i).text();
        if (id != task) {
          finish();
          task = std::move(id);
        }
        domains.push_back({std::string(c.text(1, i)), number(c, 2, i), number(c, 3, i),
                           std::string(c.text(4, i)), std::string(c.text(5, i))});
      }
    }
    finish();
    return {};
  }

  void link() {
    out_.inner.resize(out_.nodes.size());
    const size_t first = out_.nodes.size() - parents_.size();
    for (size_t i = 0; i < out_.nodes.size(); ++i) {
      if (i >= first) {
        auto parent = out_.places.find(parents_[i - first]);
        if (parent == out_.places.end()) parent = out_.places.find(of_workflow_[i - first]);
        if (parent != out_.places.end() && parent->second != i) {
          out_.nodes[i].parent = parent->second;
          out_.inner[parent->second].push_back(i);
          continue;
        }
      }
      out_.outermost.push_back(i);
    }
  }

  const Session& session_;
  const Thing& thing_;
  std::vector<std::string> roots_;        // task ids; empty: all tasks of the workflows
  std::vector<std::string> parents_;      // of each task, "" for none
  std::vector<std::string> of_workflow_;  // of each task
  DiffTree out_;
};

class Matcher {
 public:
  Matcher(const DiffTree& a, const DiffTree& b,
          const std::unordered_map<std::string, std::string>& names)
      : a_(a), b_(b), names_(names) {}

  Matching run(bool one_each) {
    taken_.resize(b_.nodes.size());
    read(a_, &facts_a_);
    read(b_, &facts_b_);
    if (one_each && a_.outermost.size() == 1 && b_.outermost.size() == 1) {
      add_pair(a_.outermost[0], b_.outermost[0], kNoNode);
    } else {
      level(a_.outermost, b_.outermost, kNoNode);
    }
    // Breadth first; pairs grow while they are walked.
    for (size_t i = 0; i < out_.pairs.size(); ++i) {
      const DiffPair pair = out_.pairs[i];
      level(a_.inner[pair.a], b_.inner[pair.b], pair.group);
    }
    return std::move(out_);
  }

 private:
  struct Keys {
    uint32_t exact = 0;    // of the parameters as they are
    uint32_t repeats = 0;  // without what only tells repeats apart
  };
  struct Facts {
    uint32_t activity = 0;
    Keys keys;
  };
  void read(const DiffTree& tree, std::vector<Facts>* out) {
    for (const DiffNode& node : tree.nodes) {
      out->push_back({number_of(node.activity), keys_of(node)});
    }
  }
  const std::vector<Facts>& facts_of(const DiffTree& tree) const {
    return &tree == &a_ ? facts_a_ : facts_b_;
  }

  void level(const std::vector<size_t>& a, const std::vector<size_t>& b, size_t parent) {
    std::vector<size_t> left_a = a;
    std::vector<size_t> left_b = b;
    pair_by([](const Keys& keys) { return keys.exact; }, parent, &left_a, &left_b);
    pair_by([](const Keys& keys) { return keys.repeats; }, parent, &left_a, &left_b);
    pair_by([](const Keys&) { return uint32_t{0}; }, parent, &left_a, &left_b);
    for (const size_t node : left_a) leave(a_, node, parent, true);
    for (const size_t node : left_b) leave(b_, node, parent, false);
  }

  // Pairs what has the same activity and key, in order; takes it out of the lists.
  template <typename Key>
  void pair_by(const Key& key, size_t parent, std::vector<size_t>* a, std::vector<size_t>* b) {
    if (a->empty() || b->empty()) return;
    std::unordered_map<uint64_t, std::vector<size_t>> waiting;  // of b, last first
    for (size_t i = b->size(); i-- > 0;) {
      waiting[key_of((*b)[i], b_, key)].push_back((*b)[i]);
    }
    std::vector<size_t> left;
    size_t paired = 0;
    for (const size_t node : *a) {
      const auto found = waiting.find(key_of(node, a_, key));
      if (found == waiting.end() || found->second.empty()) {
        left.push_back(node);
        continue;
      }
      const size_t partner = found->second.back();
      found->second.pop_back();
      taken_[partner] = true;
      ++paired;
      add_pair(node, partner, parent);
    }
    *a = std::move(left);
    if (paired > 0) std::erase_if(*b, [this](size_t node) { return taken_[node]; });
  }
  template <typename Key>
  uint64_t key_of(size_t node, const DiffTree& tree, const Key& key) {
    const Facts& facts = facts_of(tree)[node];
    return static_cast<uint64_t>(facts.activity) << 32 | key(facts.keys);
  }

  void add_pair(size_t a, size_t b, size_t parent) {
    const Facts& x = facts_a_[a];
    const Facts& y = facts_b_[b];
    DiffPair pair{a, b, 0, x.keys.repeats == y.keys.repeats};
    pair.group = group_of(a_.nodes[a].activity, parent, x, y);
    out_.groups[pair.group].a.push_back(a);
    out_.groups[pair.group].b.push_back(b);
    out_.pairs.push_back(pair);
  }

  // A repeat too many is a repeat all the same.
  void leave(const DiffTree& tree, size_t node, size_t parent, bool is_a) {
    const Facts& facts = facts_of(tree)[node];
    const uint32_t key = facts.keys.repeats;
    const auto found = groups_.find({facts.activity, parent, key, key});
    if (found != groups_.end()) {
      DiffGroup& group = out_.groups[found->second];
      (is_a ? group.a : group.b).push_back(node);
    }
    std::vector<size_t>& alone = is_a ? out_.alone_a : out_.alone_b;
    alone.push_back(node);
    for (size_t i = alone.size() - 1; i < alone.size(); ++i) {
      const auto& inner = tree.inner[alone[i]];
      alone.insert(alone.end(), inner.begin(), inner.end());
    }
  }

  size_t group_of(const std::string& activity, size_t parent, const Facts& a, const Facts& b) {
    const auto [found, is_new] = groups_.try_emplace(
        {a.activity, parent, a.keys.repeats, b.keys.repeats}, out_.groups.size());
    if (is_new) out_.groups.push_back({activity, parent, {}, {}});
    return found->second;
  }

  uint32_t number_of(const std::string& text) {
    return numbers_.try_emplace(text, static_cast<uint32_t>(numbers_.size() + 1)).first->second;
  }

  // Made once for each text. Equal values of one store are equal texts, so that only those with
  // objects or with what tells repeats apart must be taken to pieces.
  Keys keys_of(const DiffNode& node) {
    const auto [found, is_new] = keys_.try_emplace(node.used);
    if (!is_new) return found->second;
    if (node.used.find("$object") == std::string::npos && !has_repeat_key(node.used)) {
      const uint32_t whole = number_of(node.used);
      return found->second = {whole, whole};
    }
    Result<Json> parsed = Json::parse(node.used.empty() ? "{}" : node.used);
    auto* members = parsed.ok() ? parsed->as<Json::Map>() : nullptr;
    if (members == nullptr) return found->second;
    for (auto& [key, value] : *members) {
      const auto* id = value["$object"].as<std::string>();
      if (id == nullptr) continue;
      const auto name = names_.find(*id);
      value = Json(name == names_.end() ? "an object" : name->second);
    }
    std::sort(members->begin(), members->end(),
              [](const auto& x, const auto& y) { return x.first < y.first; });
    const std::string whole = parsed->dump();
    const uint32_t exact = number_of(whole);
    const size_t before = members->size();
    std::erase_if(*members, [](const auto& member) { return tells_repeats_apart(member.first); });
    const uint32_t repeats = members->size() == before ? exact : number_of(parsed->dump());
    return keys_[node.used] = {exact, repeats};
  }

  // Whether a key of the object may be one that tells repeats apart.
  static bool has_repeat_key(std::string_view text) {
    for (size_t at = text.find("\":"); at != std::string_view::npos;
         at = text.find("\":", at + 2)) {
      const size_t begin = at == 0 ? std::string_view::npos : text.rfind('"', at - 1);
      if (begin == std::string_view::npos) continue;
      if (tells_repeats_apart(std::string(text.substr(begin + 1, at - begin - 1)))) return true;
    }
    return false;
  }

  const DiffTree& a_;
  const DiffTree& b_;
  const std::unordered_map<std::string, std::string>& names_;
  std::vector<Facts> facts_a_;
  std::vector<Facts> facts_b_;
  std::unordered_map<std::string, Keys> keys_;
  std::unordered_map<std::string, uint32_t> numbers_;
  std::map<std::tuple<uint32_t, size_t, uint32_t, uint32_t>, size_t> groups_;
  std::vector<bool> taken_;  // nodes of b, each paired once at most
  Matching out_;
};

}  // namespace

Result<DiffTree> read_tree(const Session& session, const Thing& thing) {
  return Reader(session, thing).read();
}

Matching match(const DiffTree& a, const DiffTree& b,
               const std::unordered_map<std::string, std::string>& names) {
  const auto is_alone = [](const DiffTree& tree) { return tree.outermost.size() == 1; };
  return Matcher(a, b, names).run(is_alone(a) && is_alone(b));
}

}  // namespace headrace::query

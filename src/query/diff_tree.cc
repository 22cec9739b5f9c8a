#include "query/diff_tree.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "model/status.h"
#include "query/domain_sum.h"
#include "query/task_texts.h"
#include "query/tradeoff_labels.h"

namespace headrace::query {
namespace {

using store::sql_text;

class Reader {
 public:
  Reader(const DiffSource& source, const Thing& thing) : source_(source), thing_(thing) {}

  Result<DiffTree> read() {
    HEADRACE_RETURN_IF_ERROR(find_roots());
    if (is_of_tasks() && roots_.empty()) return std::move(out_);
    HEADRACE_RETURN_IF_ERROR(read_workflows());
    if (!out_.workflows.empty()) {
      HEADRACE_RETURN_IF_ERROR(read_tasks());
      if (is_of_tasks()) keep_inside();
      HEADRACE_RETURN_IF_ERROR(read_energy());
    }
    link();
    return std::move(out_);
  }

 private:
  bool is_of_tasks() const {
    return thing_.kind == ThingKind::kTask || thing_.kind == ThingKind::kObject;
  }

  Status find_roots() {
    if (thing_.kind == ThingKind::kTask) roots_ = {Uuid::parse(thing_.id).value_or(Uuid{})};
    if (thing_.kind != ThingKind::kObject) return {};
    auto rows = source_.connection.query(
        "SELECT producer, seq FROM edge_row WHERE relation = 1 AND seq IS NOT NULL AND object = " +
        sql_text(thing_.id));
    if (!rows.ok()) return rows.status();
    while (rows->next()) {
      const store::Chunk& c = rows->chunk();
      for (size_t i = 0; i < c.rows(); ++i) {
        roots_.push_back(source_.rows.id(c.integer(0, i), c.integer(1, i)));
      }
    }
    return {};
  }

  // A condition on the rows `w` of workflows.
  std::string is_meant() const {
    if (thing_.kind == ThingKind::kWorkflow) return "w.workflow = " + sql_text(thing_.id);
    if (thing_.kind == ThingKind::kCampaign) return "w.campaign = " + sql_text(thing_.id);
    const std::string are_roots = source_.rows.are(roots_, "t");
    return "w.wf IN (SELECT t.wf FROM task_slots t WHERE " + are_roots +
           " UNION ALL SELECT t.wf FROM open_task t WHERE " + are_roots + ")";
  }

  // Of a campaign and a workflow they are the outermost nodes.
  Status read_workflows() {
    auto workflows = query::read_workflows(source_, is_meant());
    if (!workflows.ok()) return workflows.status();
    out_.workflows = std::move(*workflows);
    for (const DiffWorkflow& workflow : out_.workflows) {
      ids_[workflow.number] = workflow.id;
      if (is_of_tasks()) continue;
      DiffNode node;
      node.id = workflow.id;
      node.activity = workflow.name;
      node.status = workflow.status;
      node.is_workflow = true;
      node.used = workflow.used;
      node.generated = workflow.generated;
      node.seconds = workflow.seconds;
      out_.places.emplace(node.id, out_.nodes.size());
      out_.nodes.push_back(std::move(node));
    }
    return {};
  }

  Status read_tasks() {
    const auto add = [this](TaskText&& task) {
      DiffNode node;
      node.id = task.id.text();
      const auto activity = source_.activities.find(task.activity);
      if (activity != source_.activities.end()) node.activity = activity->second.name;
      node.status = name_of(static_cast<TaskStatus>(task.status));
      node.seconds = task.seconds;
      node.used = std::move(task.used);
      node.generated = std::move(task.generated);
      parents_.push_back(task.parent.is_nil() ? "" : task.parent.text());
      of_workflow_.push_back(ids_[task.workflow]);
      out_.activities.insert(task.activity);
      out_.places.emplace(node.id, out_.nodes.size());
      out_.nodes.push_back(std::move(node));
    };
    HEADRACE_RETURN_IF_ERROR(each_task_text(source_.connection, source_.rows,
                                            "t.wf IN (" + listed_numbers(out_) + ")", add));
    out_.tasks = parents_.size();
    return {};
  }

  // Drops all that is not one of the roots nor inside one. There are no workflow nodes here.
  void keep_inside() {
    std::vector<int> inside(out_.nodes.size(), -1);  // -1: not known yet
    for (const Uuid& root : roots_) {
      const auto found = out_.places.find(root.text());
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
    auto rows = source_.connection.query(
        "SELECT producer, seq, domain, attributed_j, u95_j, truth, method FROM task_energy_row "
        "WHERE wf IN (" +
        listed_numbers(out_) + ") ORDER BY producer, seq, domain");
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
        std::string id = source_.rows.id(c.integer(0, i), c.integer(1, i)).text();
        if (id != task) {
          finish();
          task = std::move(id);
        }
        domains.push_back({std::string(c.text(2, i)), number(c, 3, i), number(c, 4, i),
                           std::string(c.text(5, i)), std::string(c.text(6, i))});
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

  const DiffSource& source_;
  const Thing& thing_;
  std::vector<Uuid> roots_;                        // tasks; none: all tasks of the workflows
  std::vector<std::string> parents_;               // of each task, "" for none
  std::vector<std::string> of_workflow_;           // of each task
  std::unordered_map<uint32_t, std::string> ids_;  // of workflows by number
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

Result<DiffTree> read_tree(const DiffSource& source, const Thing& thing) {
  return Reader(source, thing).read();
}

std::string listed_numbers(const DiffTree& tree) {
  std::string out;
  for (const DiffWorkflow& workflow : tree.workflows) {
    out += (out.empty() ? "" : ", ") + std::to_string(workflow.number);
  }
  return out;
}

Matching match(const DiffTree& a, const DiffTree& b,
               const std::unordered_map<std::string, std::string>& names) {
  const auto is_alone = [](const DiffTree& tree) { return tree.outermost.size() == 1; };
  return Matcher(a, b, names).run(is_alone(a) && is_alone(b));
}

}  // namespace headrace::query

#include "query/diff.h"

#include <algorithm>
#include <map>
#include <set>

#include "query/diff_facts.h"
#include "query/diff_tree.h"
#include "query/diff_values.h"
#include "query/units.h"

namespace headrace::query {
namespace {

using store::sql_text;

constexpr double kSignificant = 0.05;

class Comparing {
 public:
  Comparing(const Session& session, const DiffOptions& options)
      : session_(session), options_(options) {}

  Result<Diff> make(Thing a, Thing b) {
    if (a.kind == ThingKind::kObject) HEADRACE_RETURN_IF_ERROR(compare_objects(a.id, b.id));
    const Result<DiffSource> source = DiffSource::open(session_);
    if (!source.ok()) return source.status();
    Result<DiffTree> tree_a = read_tree(*source, a);
    if (!tree_a.ok()) return tree_a.status();
    Result<DiffTree> tree_b = read_tree(*source, b);
    if (!tree_b.ok()) return tree_b.status();
    Result<DiffContext> context_a = read_context(*source, *tree_a);
    if (!context_a.ok()) return context_a.status();
    Result<DiffContext> context_b = read_context(*source, *tree_b);
    if (!context_b.ok()) return context_b.status();
    compare_facts(context_a->facts, context_b->facts);
    compare_inputs(context_a->inputs, context_b->inputs);
    auto& names = context_a->object_names;
    names.insert(context_b->object_names.begin(), context_b->object_names.end());
    const Matching matching = match(*tree_a, *tree_b, names);
    const DiffTrees trees{*tree_a, *tree_b, matching, names};
    add(parameter_lines(trees));
    add(metric_lines(trees, options_.test));
    auto curves = curve_lines(*source, trees);
    if (!curves.ok()) return curves.status();
    add(std::move(*curves));
    add(task_lines(trees));
    add(time_lines(trees, options_.test));
    add(energy_lines(trees));
    say_tests();
    count(*tree_a, *tree_b, matching);
    out_.a.thing = std::move(a);
    out_.b.thing = std::move(b);
    std::stable_sort(out_.lines.begin(), out_.lines.end(),
                     [](const DiffLine& x, const DiffLine& y) { return x.section < y.section; });
    return std::move(out_);
  }

 private:
  void add(std::vector<DiffLine> lines) {
    for (DiffLine& line : lines) {
      const bool counts =
          line.section != DiffSection::kTime && line.section != DiffSection::kEnergy;
      if (line.differs && counts) out_.equal = false;
      out_.lines.push_back(std::move(line));
    }
  }

  Status compare_objects(const std::string& a, const std::string& b) {
    const auto read = [this](const std::string& id, std::map<std::string, Json>* out) -> Status {
      Result<ResultTable> table = session_.own_sql(
          "SELECT kind, name, path, version, size_bytes, sha256, attributes FROM object WHERE "
          "object_id = " +
          sql_text(id));
      if (!table.ok()) return table.status();
      const Result<bool> more = table->next();
      if (!more.ok()) return more.status();
      if (!*more) return not_found("there is no object " + id);
      for (size_t i = 0; i < table->columns().size(); ++i) {
        Json value = table->json(i, 0);
        const std::string& name = table->columns()[i].name;
        if (name != "attributes") {
          if (!value.is_null()) (*out)[name] = std::move(value);
          continue;
        }
        std::vector<std::pair<std::string, Json>> leaves;
        add_leaves("", value, &leaves);
        for (auto& [path, leaf] : leaves) out->emplace(path, std::move(leaf));
      }
      return {};
    };
    std::map<std::string, Json> facts_a;
    std::map<std::string, Json> facts_b;
    HEADRACE_RETURN_IF_ERROR(read(a, &facts_a));
    HEADRACE_RETURN_IF_ERROR(read(b, &facts_b));
    std::set<std::string> names;
    for (const auto& [name, value] : facts_a) names.insert(name);
    for (const auto& [name, value] : facts_b) names.insert(name);
    std::vector<DiffLine> lines;
    for (const std::string& name : names) {
      DiffLine line;
      line.section = DiffSection::kObject;
      line.what = name;
      line.a = facts_a[name];
      line.b = facts_b[name];
      line.differs = line.a != line.b;
      if (name == "size_bytes") line.unit = "B";
      lines.push_back(std::move(line));
    }
    add(std::move(lines));
    return {};
  }

  static Json value_of(const DiffFact* fact) {
    if (fact == nullptr) return {};
    if (fact->values.size() == 1) return Json(*fact->values.begin());
    Json::List all;
    for (const std::string& value : fact->values) all.emplace_back(value);
    return Json(std::move(all));
  }

  void compare_facts(const DiffFacts& a, const DiffFacts& b) {
    std::set<DiffFacts::key_type> keys;
    for (const auto& [key, fact] : a) keys.insert(key);
    for (const auto& [key, fact] : b) keys.insert(key);
    for (const auto& key : keys) {
      const auto in_a = a.find(key);
      const auto in_b = b.find(key);
      const DiffFact* x = in_a == a.end() ? nullptr : &in_a->second;
      const DiffFact* y = in_b == b.end() ? nullptr : &in_b->second;
      DiffLine line;
      line.section = key.first;
      line.what = key.second;
      line.a = value_of(x);
      line.b = value_of(y);
      line.differs = line.a != line.b;
      const std::string from = x == nullptr ? "" : x->note;
      const std::string to = y == nullptr ? "" : y->note;
      line.note =
          from == to ? from : (from.empty() ? "none" : from) + " → " + (to.empty() ? "none" : to);
      const bool counts = (x == nullptr || x->counts) && (y == nullptr || y->counts);
      if (line.differs && counts) out_.equal = false;
      out_.lines.push_back(std::move(line));
    }
  }

  // By name, then what is left by content: a file that has only moved is the same input.
  void compare_inputs(const std::vector<DiffObject>& a, const std::vector<DiffObject>& b) {
    struct Sides {
      std::vector<const DiffObject*> a;
      std::vector<const DiffObject*> b;
    };
    std::map<std::string, Sides> by_name;
    for (const DiffObject& object : a) by_name[object.name].a.push_back(&object);
    for (const DiffObject& object : b) by_name[object.name].b.push_back(&object);
    std::map<std::string, Sides> by_content;  // of those whose name only one side has
    std::vector<DiffLine> lines;
    for (const auto& [name, sides] : by_name) {
      if (!sides.a.empty() && !sides.b.empty()) {
        lines.push_back(input_line(name, hashes(sides.a), hashes(sides.b)));
        continue;
      }
      for (const DiffObject* object : sides.a) by_content[key_of(*object)].a.push_back(object);
      for (const DiffObject* object : sides.b) by_content[key_of(*object)].b.push_back(object);
    }
    for (const auto& [key, sides] : by_content) {
      if (!sides.a.empty() && !sides.b.empty()) {
        DiffLine line = input_line(sides.a.front()->name, hashes(sides.a), hashes(sides.b));
        line.note = "as " + sides.b.front()->name;
        lines.push_back(std::move(line));
        continue;
      }
      const auto& only = sides.a.empty() ? sides.b : sides.a;
      for (const DiffObject* object : only) {
        Json value = hashes({object});
        lines.push_back(sides.a.empty() ? input_line(object->name, Json(), std::move(value))
                                        : input_line(object->name, std::move(value), Json()));
      }
    }
    add(std::move(lines));
  }
  static std::string key_of(const DiffObject& object) {
    return object.sha256.empty() ? "id " + object.id : object.sha256;
  }
  static Json hashes(const std::vector<const DiffObject*>& objects) {
    std::set<std::string> all;
    for (const DiffObject* object : objects) {
      all.insert(object->sha256.empty() ? "no hash" : "sha256 " + object->sha256);
    }
    if (all.size() == 1) return Json(*all.begin());
    Json::List list;
    for (const std::string& hash : all) list.emplace_back(hash);
    return Json(std::move(list));
  }
  static DiffLine input_line(const std::string& name, Json a, Json b) {
    DiffLine line;
    line.section = DiffSection::kInputs;
    line.what = name;
    line.differs = a != b;
    line.a = std::move(a);
    line.b = std::move(b);
    return line;
  }

  // Many tests find something by chance: each p is taken for what it is among all.
  void say_tests() {
    std::vector<double> p;
    std::vector<DiffLine*> tested;
    for (DiffLine& line : out_.lines) {
      if (!line.comparison || !line.comparison->p) continue;
      p.push_back(*line.comparison->p);
      tested.push_back(&line);
    }
    out_.tests = p.size();
    const std::vector<double> adjusted = adjusted_for_many(p);
    for (size_t i = 0; i < tested.size(); ++i) {
      DiffLine& line = *tested[i];
      const Comparison& c = *line.comparison;
      line.p_adjusted = adjusted[i];
      line.note +=
          "; " + std::string(adjusted[i] < kSignificant ? "differs" : "not told from chance") +
          ": " + std::string(name_of(c.test)) + ", p " + p_text(*c.p) +
          (p.size() > 1
               ? ", " + p_text(adjusted[i]) + " among " + std::to_string(p.size()) + " tests"
               : "") +
          ", change " + number_text(*c.difference, 3) + " (95 %: " + number_text(*c.low, 3) +
          " to " + number_text(*c.high, 3) + ")";
    }
  }
  static std::string p_text(double p) { return p < 0.0001 ? "< 0.0001" : "= " + number_text(p, 2); }

  void count(const DiffTree& a, const DiffTree& b, const Matching& matching) {
    out_.a.tasks = a.tasks;
    out_.b.tasks = b.tasks;
    const auto tasks = [](const DiffTree& tree, const std::vector<size_t>& nodes) {
      return static_cast<size_t>(std::count_if(nodes.begin(), nodes.end(), [&tree](size_t node) {
        return !tree.nodes[node].is_workflow;
      }));
    };
    out_.a.alone = tasks(a, matching.alone_a);
    out_.b.alone = tasks(b, matching.alone_b);
    for (const DiffPair& pair : matching.pairs) {
      if (a.nodes[pair.a].is_workflow) continue;
      ++out_.pairs;
      out_.pairs_with_other_parameters += pair.same_parameters ? 0 : 1;
    }
  }

  const Session& session_;
  const DiffOptions& options_;
  Diff out_;
};

}  // namespace

std::string_view name_of(DiffSection section) {
  switch (section) {
    case DiffSection::kObject: return "object";
    case DiffSection::kCode: return "code";
    case DiffSection::kEnvironment: return "environment";
    case DiffSection::kParameters: return "parameters";
    case DiffSection::kInputs: return "inputs";
    case DiffSection::kMetrics: return "metrics";
    case DiffSection::kTasks: return "tasks";
    case DiffSection::kTime: return "time";
    case DiffSection::kEnergy: return "energy";
  }
  return "";
}

Result<Diff> diff(const Session& session, const std::string& a, const std::string& b,
                  const std::filesystem::path& here, const DiffOptions& options) {
  const std::vector<ThingKind> kinds = {ThingKind::kCampaign, ThingKind::kWorkflow,
                                        ThingKind::kTask, ThingKind::kObject};
  Result<Thing> thing_a = identify(session, a, kinds, here);
  if (!thing_a.ok()) return thing_a.status();
  Result<Thing> thing_b = identify(session, b, kinds, here);
  if (!thing_b.ok()) return thing_b.status();
  if (thing_a->kind != thing_b->kind) {
    return invalid_argument(a + " is a " + std::string(name_of(thing_a->kind)) + " and " + b +
                            " a " + std::string(name_of(thing_b->kind)) +
                            "; only two of one kind can be compared (workflow:" + b +
                            " and the like say which is meant)");
  }
  return Comparing(session, options).make(std::move(*thing_a), std::move(*thing_b));
}

}  // namespace headrace::query

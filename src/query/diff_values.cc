#include "query/diff_values.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "query/diff_facts.h"
#include "query/labels.h"
#include "query/units.h"

namespace headrace::query {
namespace {

using Leaves = std::vector<std::pair<std::string, Json>>;

Leaves leaves_of(const std::string& text,
                 const std::unordered_map<std::string, std::string>* object_names) {
  Leaves out;
  if (text.empty() || text == "{}") return out;
  const Result<Json> parsed = Json::parse(text);
  if (!parsed.ok()) return out;
  add_leaves("", *parsed, &out);
  for (auto& [path, value] : out) {
    const auto* id = value["$object"].as<std::string>();
    if (id == nullptr || object_names == nullptr) continue;
    const auto name = object_names->find(*id);
    value = Json(name == object_names->end() ? "an object" : name->second);
  }
  return out;
}

bool is_object(const Json& value) { return !value["$object"].is_null(); }

std::string of_pairs(size_t part, size_t all) {
  if (all == 1) return "";
  return "in " + grouped(part) + " of " + grouped(all) + " pairs";
}

// One name of one activity over many pairs.
struct Tally {
  size_t pairs = 0;
  size_t differing = 0;
  Json first_a;  // of the first pair that differs, else of the first
  Json first_b;
  bool has_first = false;
  double sum_a = 0;
  double sum_b = 0;
  size_t numbers = 0;
  std::set<std::pair<std::string, std::string>> ways;

  void add(const Json& a, const Json& b) {
    ++pairs;
    const bool differs = a != b;
    if (!has_first || (differs && differing == 0)) {
      first_a = a;
      first_b = b;
      has_first = true;
    }
    differing += differs ? 1 : 0;
    if (differs && ways.size() < 8) ways.emplace(a.text(), b.text());
    const auto x = a.number();
    const auto y = b.number();
    if (!x || !y || !std::isfinite(*x) || !std::isfinite(*y)) return;
    sum_a += *x;
    sum_b += *y;
    ++numbers;
  }
};

// Walks two lists of leaves side by side, whatever their order.
template <typename Give>
void each_leaf(const Leaves& a, const Leaves& b, const Give& give) {
  static const Json kNone;
  const auto find = [](const Leaves& list, size_t hint, const std::string& path) -> const Json* {
    if (hint < list.size() && list[hint].first == path) return &list[hint].second;
    for (const auto& [name, value] : list) {
      if (name == path) return &value;
    }
    return nullptr;
  };
  for (size_t i = 0; i < a.size(); ++i) {
    const Json* other = find(b, i, a[i].first);
    give(a[i].first, a[i].second, other == nullptr ? kNone : *other);
  }
  for (size_t i = 0; i < b.size(); ++i) {
    if (find(a, i, b[i].first) == nullptr) give(b[i].first, kNone, b[i].second);
  }
}

using Tallies = std::map<std::pair<std::string, std::string>, Tally>;  // by activity and name

DiffLine line_of(DiffSection section, const std::string& what, const Tally& tally) {
  DiffLine line;
  line.section = section;
  line.what = what;
  line.a = tally.first_a;
  line.b = tally.first_b;
  line.differs = tally.differing > 0;
  if (line.differs) line.note = of_pairs(tally.differing, tally.pairs);
  return line;
}

// The used values of a node and of all around it, inner ones first.
Json used_around(const DiffTree& tree, size_t node) {
  Json::Map out;
  std::set<std::string> seen;
  for (size_t at = node, steps = 0; at != kNoNode && steps < 64;
       at = tree.nodes[at].parent, ++steps) {
    const Result<Json> parsed =
        Json::parse(tree.nodes[at].used.empty() ? "{}" : tree.nodes[at].used);
    const auto* members = parsed.ok() ? parsed->as<Json::Map>() : nullptr;
    if (members == nullptr) continue;
    for (const auto& [key, value] : *members) {
      if (seen.insert(key).second) out.emplace_back(key, value);
    }
  }
  return Json(std::move(out));
}

std::map<std::string, std::vector<size_t>> groups_by_activity(const Matching& matching) {
  std::map<std::string, std::vector<size_t>> out;
  for (size_t i = 0; i < matching.groups.size(); ++i) {
    out[matching.groups[i].activity].push_back(i);
  }
  return out;
}

// What tells the groups of an activity apart.
std::vector<std::string> labels_of(const DiffTrees& trees, const std::vector<size_t>& groups) {
  if (groups.size() < 2) return std::vector<std::string>(groups.size());
  std::vector<Json> maps;
  for (const size_t g : groups) {
    maps.push_back(used_around(trees.a, trees.matching.groups[g].a.front()));
  }
  const std::vector<std::pair<std::string, std::string>> names(trees.object_names.begin(),
                                                               trees.object_names.end());
  return differing_labels(maps, names, maps.size());
}

// The values of one name in one group, in the order of its tasks.
struct Series {
  std::vector<Json> a;
  std::vector<Json> b;
};

std::vector<double> numbers_of(const std::vector<Json>& values) {
  std::vector<double> out;
  for (const Json& value : values) {
    if (const auto number = value.number(); number && std::isfinite(*number))
      out.push_back(*number);
  }
  return out;
}

std::string counts_text(size_t a, size_t b) {
  return a == b ? grouped(a) + " each" : grouped(a) + " and " + grouped(b);
}

void compare(const std::vector<double>& a, const std::vector<double>& b, RepeatTest test,
             DiffLine* line) {
  if (a.size() < 2 && b.size() < 2) return;
  line->a = Json(mean_of(a));
  line->b = Json(mean_of(b));
  Comparison comparison = compare_repeats(a, b, test);
  line->note = "means of " + counts_text(a.size(), b.size());
  if (!comparison.p) {
    line->note += "; too few repeats for a test";
    return;
  }
  line->comparison = comparison;
}

DiffLine line_of(const std::string& what, const std::string& where, const Series& series,
                 RepeatTest test) {
  DiffLine line;
  line.section = DiffSection::kMetrics;
  line.what = what;
  line.where = where;
  line.differs = series.a != series.b;
  if (!series.a.empty()) line.a = series.a.front();
  if (!series.b.empty()) line.b = series.b.front();
  const std::vector<double> a = numbers_of(series.a);
  const std::vector<double> b = numbers_of(series.b);
  if (a.size() == series.a.size() && b.size() == series.b.size() && !a.empty() && !b.empty()) {
    compare(a, b, test, &line);
  } else if (series.a.size() > 1 || series.b.size() > 1) {
    line.note = "the first of " + counts_text(series.a.size(), series.b.size());
  }
  return line;
}

void add_group_lines(const DiffTrees& trees, const std::vector<size_t>& groups, RepeatTest test,
                     std::vector<DiffLine>* out) {
  const std::vector<std::string> labels = labels_of(trees, groups);
  for (size_t i = 0; i < groups.size(); ++i) {
    const DiffGroup& group = trees.matching.groups[groups[i]];
    std::map<std::string, Series> series;
    const auto read = [&series](const DiffTree& tree, const std::vector<size_t>& nodes, bool is_a) {
      for (const size_t node : nodes) {
        for (auto& [path, value] : leaves_of(tree.nodes[node].generated, nullptr)) {
          if (is_object(value)) continue;
          (is_a ? series[path].a : series[path].b).push_back(std::move(value));
        }
      }
    };
    read(trees.a, group.a, true);
    read(trees.b, group.b, false);
    for (const auto& [path, values] : series) {
      out->push_back(line_of(group.activity + "." + path, labels[i], values, test));
    }
  }
}

constexpr const char* kInAll = "in all";  // of whole workflows

struct Sum {
  double a = 0;
  double b = 0;
  size_t count_a = 0;
  size_t count_b = 0;
  std::set<std::string> truths_a;
  std::set<std::string> truths_b;
};

std::string truth_of(const std::set<std::string>& truths) {
  return truths.empty() ? "no figure" : truths.size() == 1 ? *truths.begin() : "mixed";
}

// Of `value` in both trees: in all, then by activity.
template <typename Value>
std::vector<DiffLine> sum_lines(const DiffTrees& trees, DiffSection section,
                                const std::string& unit, const Value& value) {
  std::map<std::string, Sum> sums;
  const auto add = [&](const DiffTree& tree, bool is_a) {
    for (const DiffNode& node : tree.nodes) {
      const std::optional<double> v = value(node);
      if (!v) continue;
      Sum& sum = sums[node.is_workflow ? kInAll : node.activity];
      (is_a ? sum.a : sum.b) += *v;
      ++(is_a ? sum.count_a : sum.count_b);
      (is_a ? sum.truths_a : sum.truths_b).insert(node.energy_truth);
    }
  };
  add(trees.a, true);
  add(trees.b, false);
  std::vector<DiffLine> out;
  for (const auto& [activity, sum] : sums) {
    DiffLine line;
    line.section = section;
    line.what = activity;
    if (sum.count_a > 0) line.a = Json(sum.a);
    if (sum.count_b > 0) line.b = Json(sum.b);
    line.unit = unit;
    line.differs = line.a != line.b;
    if (sum.count_a != 1 || sum.count_b != 1) line.note = counts_text(sum.count_a, sum.count_b);
    if (section == DiffSection::kEnergy) {
      const std::string a = truth_of(sum.truths_a);
      const std::string b = truth_of(sum.truths_b);
      line.note += (line.note.empty() ? "" : "; ") + (a == b ? a : a + " → " + b);
    }
    out.push_back(std::move(line));
  }
  std::stable_sort(out.begin(), out.end(), [](const DiffLine& x, const DiffLine& y) {
    const auto change = [](const DiffLine& line) {
      return std::fabs(line.a.number().value_or(0) - line.b.number().value_or(0));
    };
    if ((x.what == kInAll) != (y.what == kInAll)) return x.what == kInAll;
    return change(x) > change(y);
  });
  return out;
}

}  // namespace

std::vector<DiffLine> parameter_lines(const DiffTrees& trees) {
  Tallies tallies;
  std::map<std::string, size_t> pairs;
  for (const DiffPair& pair : trees.matching.pairs) ++pairs[trees.a.nodes[pair.a].activity];
  for (const DiffPair& pair : trees.matching.pairs) {
    const DiffNode& a = trees.a.nodes[pair.a];
    const DiffNode& b = trees.b.nodes[pair.b];
    if (a.used == b.used && pairs[a.activity] > 1) continue;
    each_leaf(leaves_of(a.used, &trees.object_names), leaves_of(b.used, &trees.object_names),
              [&](const std::string& path, const Json& x, const Json& y) {
                tallies[{a.activity, path}].add(x, y);
              });
  }
  std::vector<DiffLine> out;
  for (auto& [name, tally] : tallies) {
    tally.pairs = pairs[name.first];
    if (tally.differing == 0 && tally.pairs > 1) continue;
    DiffLine line = line_of(DiffSection::kParameters, name.first + "." + name.second, tally);
    if (tally.ways.size() > 1) line.note += ", e.g.";
    out.push_back(std::move(line));
  }
  return out;
}

std::vector<DiffLine> metric_lines(const DiffTrees& trees, RepeatTest test) {
  std::vector<DiffLine> out;
  std::set<std::string> many;
  for (const auto& [activity, groups] : groups_by_activity(trees.matching)) {
    if (groups.size() <= kFewGroups) {
      add_group_lines(trees, groups, test, &out);
    } else {
      many.insert(activity);
    }
  }
  Tallies tallies;
  for (const DiffPair& pair : trees.matching.pairs) {
    const DiffNode& a = trees.a.nodes[pair.a];
    if (!many.contains(a.activity)) continue;
    each_leaf(leaves_of(a.generated, nullptr), leaves_of(trees.b.nodes[pair.b].generated, nullptr),
              [&](const std::string& path, const Json& x, const Json& y) {
                if (!is_object(x) && !is_object(y)) tallies[{a.activity, path}].add(x, y);
              });
  }
  for (const auto& [name, tally] : tallies) {
    DiffLine line = line_of(DiffSection::kMetrics, name.first + "." + name.second, tally);
    if (tally.numbers == tally.pairs) {
      line.a = Json(tally.sum_a / static_cast<double>(tally.pairs));
      line.b = Json(tally.sum_b / static_cast<double>(tally.pairs));
      line.note = "means; " + (line.differs ? "differs " + line.note : "all pairs equal");
    } else if (line.differs) {
      line.note += ", e.g.";
    }
    out.push_back(std::move(line));
  }
  return out;
}

std::vector<DiffLine> task_lines(const DiffTrees& trees) {
  std::map<std::string, std::pair<size_t, size_t>> alone;
  for (const size_t node : trees.matching.alone_a) ++alone[trees.a.nodes[node].activity].first;
  for (const size_t node : trees.matching.alone_b) ++alone[trees.b.nodes[node].activity].second;
  std::vector<DiffLine> out;
  for (const auto& [activity, counts] : alone) {
    DiffLine line;
    line.section = DiffSection::kTasks;
    line.what = activity + " without a partner";
    line.a = Json(static_cast<int64_t>(counts.first));
    line.b = Json(static_cast<int64_t>(counts.second));
    line.differs = true;
    out.push_back(std::move(line));
  }
  Tallies tallies;
  for (const DiffPair& pair : trees.matching.pairs) {
    const DiffNode& a = trees.a.nodes[pair.a];
    tallies[{a.activity, ""}].add(Json(a.status), Json(trees.b.nodes[pair.b].status));
  }
  for (const auto& [name, tally] : tallies) {
    out.push_back(line_of(DiffSection::kTasks, name.first + " status", tally));
  }
  return out;
}

std::vector<DiffLine> time_lines(const DiffTrees& trees, RepeatTest test) {
  std::vector<DiffLine> out =
      sum_lines(trees, DiffSection::kTime, "s", [](const DiffNode& n) { return n.seconds; });
  const auto groups = groups_by_activity(trees.matching);
  for (DiffLine& line : out) {
    // Of an activity whose tasks all are repeats, the durations can be compared too.
    const auto found = groups.find(line.what);
    if (found == groups.end() || found->second.size() != 1) continue;
    const DiffGroup& group = trees.matching.groups[found->second.front()];
    const auto seconds = [](const DiffTree& tree, const std::vector<size_t>& nodes) {
      std::vector<double> all;
      for (const size_t node : nodes) {
        if (tree.nodes[node].seconds) all.push_back(*tree.nodes[node].seconds);
      }
      return all;
    };
    const std::vector<double> a = seconds(trees.a, group.a);
    const std::vector<double> b = seconds(trees.b, group.b);
    if (std::min(a.size(), b.size()) >= kLeastRepeats) compare(a, b, test, &line);
  }
  return out;
}

std::vector<DiffLine> energy_lines(const DiffTrees& trees) {
  std::vector<DiffLine> out =
      sum_lines(trees, DiffSection::kEnergy, "J", [](const DiffNode& n) { return n.energy_j; });
  // In all: of the tasks that no other one is around.
  const auto total = [](const DiffTree& tree, std::set<std::string>* truths) {
    std::optional<double> sum;
    for (const DiffNode& node : tree.nodes) {
      const bool outer = node.parent == kNoNode || tree.nodes[node.parent].is_workflow;
      if (node.is_workflow || !outer || !node.energy_j) continue;
      sum = sum.value_or(0) + *node.energy_j;
      truths->insert(node.energy_truth);
    }
    return sum;
  };
  std::set<std::string> truths_a;
  std::set<std::string> truths_b;
  DiffLine line;
  const auto a = total(trees.a, &truths_a);
  const auto b = total(trees.b, &truths_b);
  if (!a && !b) return out;
  line.section = DiffSection::kEnergy;
  line.what = kInAll;
  if (a) line.a = Json(*a);
  if (b) line.b = Json(*b);
  line.unit = "J";
  line.differs = line.a != line.b;
  const std::string from = truth_of(truths_a);
  const std::string to = truth_of(truths_b);
  line.note = from == to ? from : from + " → " + to;
  out.insert(out.begin(), std::move(line));
  return out;
}

}  // namespace headrace::query

// Logged series of matched tasks and workflows.
#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "query/diff_facts.h"
#include "query/diff_values.h"
#include "query/labels.h"
#include "query/tradeoff.h"
#include "query/units.h"

namespace headrace::query {
namespace {

using Series = std::map<std::pair<size_t, std::string>, std::vector<double>>;  // by node and key

Result<Series> read_series(const DiffSource& source, const DiffTree& tree) {
  Series out;
  if (tree.workflows.empty()) return out;
  std::unordered_map<int64_t, std::string> ids;
  for (const DiffWorkflow& workflow : tree.workflows) ids[workflow.number] = workflow.id;
  auto rows = source.connection.query(
      "SELECT wf, producer, seq, \"values\" FROM log_row WHERE stream = 0 AND wf IN (" +
      listed_numbers(tree) + ") ORDER BY ts");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t i = 0; i < c.rows(); ++i) {
      const std::string id = c.is_null(2, i)
                                 ? ids[c.integer(0, i)]
                                 : source.rows.id(c.integer(1, i), c.integer(2, i)).text();
      const auto place = tree.places.find(id);
      const Result<Json> metrics = Json::parse(c.text(3, i));
      if (place == tree.places.end() || !metrics.ok()) continue;
      std::vector<std::pair<std::string, Json>> leaves;
      add_leaves("", *metrics, &leaves);
      for (const auto& [key, value] : leaves) {
        const auto number = value.number();
        const bool is_float = !value["$float"].is_null();
        if (number || is_float) out[{place->second, key}].push_back(number.value_or(NAN));
      }
    }
  }
  // A single point is a value of its task, and compared as one.
  std::erase_if(out, [](const auto& one) { return one.second.size() < 2; });
  return out;
}

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

struct Curve {
  const DiffPair* pair = nullptr;
  const std::vector<double>* a = nullptr;
  const std::vector<double>* b = nullptr;
  bool differs() const {
    return a == nullptr || b == nullptr || a->size() != b->size() ||
           !std::equal(a->begin(), a->end(), b->begin(), same);
  }
};

double best(const std::vector<double>& values, bool minimise) {
  double out = NAN;
  for (const double v : values) {
    if (std::isnan(out) || (minimise ? v < out : v > out)) out = v;
  }
  return out;
}

DiffLine line_of(const std::string& what, const std::string& where, const Curve& curve,
                 bool minimise) {
  DiffLine line;
  line.section = DiffSection::kMetrics;
  line.what = what + " (curve)";
  line.where = where;
  if (curve.a != nullptr) line.a = Json(curve.a->back());
  if (curve.b != nullptr) line.b = Json(curve.b->back());
  line.differs = curve.differs();
  if (curve.a == nullptr || curve.b == nullptr) return line;
  const std::string a = grouped(curve.a->size());
  const std::string b = grouped(curve.b->size());
  line.note = "last of " + a + (a == b ? "" : " and " + b) + " points; " +
              (minimise ? "least " : "most ") + number_text(best(*curve.a, minimise));
  const double other = best(*curve.b, minimise);
  if (!same(best(*curve.a, minimise), other)) line.note += " → " + number_text(other);
  if (!line.differs) return line;
  size_t at = 0;
  while (at < curve.a->size() && at < curve.b->size() && same((*curve.a)[at], (*curve.b)[at])) ++at;
  line.note += "; apart from point " + grouped(at + 1) + " on";
  return line;
}

}  // namespace

Result<std::vector<DiffLine>> curve_lines(const DiffSource& source, const DiffTrees& trees) {
  const auto a = read_series(source, trees.a);
  if (!a.ok()) return a.status();
  const auto b = read_series(source, trees.b);
  if (!b.ok()) return b.status();
  std::vector<size_t> partners(trees.b.nodes.size(), kNoNode);
  std::vector<size_t> pair_of(trees.a.nodes.size(), kNoNode);
  for (size_t i = 0; i < trees.matching.pairs.size(); ++i) {
    pair_of[trees.matching.pairs[i].a] = i;
    partners[trees.matching.pairs[i].b] = i;
  }
  std::map<std::string, std::map<size_t, Curve>> curves;  // by name, then by pair
  const auto add = [&](const Series& series, const DiffTree& tree, const std::vector<size_t>& pairs,
                       bool is_a) {
    for (const auto& [key, values] : series) {
      const size_t pair = pairs[key.first];
      if (pair == kNoNode) continue;
      Curve& curve = curves[tree.nodes[key.first].activity + "." + key.second][pair];
      curve.pair = &trees.matching.pairs[pair];
      (is_a ? curve.a : curve.b) = &values;
    }
  };
  add(*a, trees.a, pair_of, true);
  add(*b, trees.b, partners, false);
  std::vector<DiffLine> out;
  for (const auto& [name, all] : curves) {
    const bool minimise = default_minimise(name.substr(name.rfind('.') + 1));
    std::vector<const Curve*> shown;
    size_t differing = 0;
    for (const auto& [pair, curve] : all) {
      differing += curve.differs() ? 1 : 0;
      shown.push_back(&curve);
    }
    const bool few = shown.size() <= kFewGroups;
    std::vector<std::string> labels(shown.size());
    if (few && shown.size() > 1) {
      std::vector<Json> maps;
      for (const Curve* curve : shown) {
        const std::string& used = trees.a.nodes[curve->pair->a].used;
        Result<Json> parsed = Json::parse(used.empty() ? "{}" : used);
        maps.push_back(parsed.ok() ? std::move(*parsed) : Json());
      }
      labels = differing_labels(maps, {}, maps.size());
    }
    for (size_t i = 0; i < shown.size(); ++i) {
      // Of many the first that differs stands for all.
      if (!few && differing > 0 && !shown[i]->differs()) continue;
      out.push_back(line_of(name, labels[i], *shown[i], minimise));
      if (few) continue;
      out.back().note +=
          "; the first of " + grouped(differing) + " that differ, of " + grouped(shown.size());
      break;
    }
  }
  return out;
}

}  // namespace headrace::query

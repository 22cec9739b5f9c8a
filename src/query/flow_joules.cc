#include "query/flow_joules.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "query/domain_sum.h"
#include "query/row_index.h"
#include "store/arrow.h"

namespace headrace::query {
namespace {

struct Figure {
  uint32_t task = 0;
  uint32_t domain = 0;
  double joules = 0;  // NaN: not known
};

// Domains are few: each pair of them is compared once.
class Domains {
 public:
  uint32_t number_of(std::string_view text) {
    name_ = text;
    const auto [found, is_new] = numbers_.try_emplace(name_, static_cast<uint32_t>(names_.size()));
    if (is_new) {
      names_.push_back(name_);
      covered_by_.emplace_back();
      for (uint32_t other = 0; other < names_.size(); ++other) {
        if (is_covered(name_, names_[other])) covered_by_.back().push_back(other);
        if (is_covered(names_[other], name_)) covered_by_[other].push_back(found->second);
      }
    }
    return found->second;
  }
  double sum(std::span<const Figure> figures) const {
    double out = 0;
    for (const Figure& one : figures) {
      const std::vector<uint32_t>& by = covered_by_[one.domain];
      const bool counted_by_other =
          !by.empty() && std::any_of(figures.begin(), figures.end(), [&by](const Figure& other) {
            return std::find(by.begin(), by.end(), other.domain) != by.end();
          });
      if (!counted_by_other) out += one.joules;
    }
    return out;
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::vector<uint32_t>> covered_by_;
  std::unordered_map<std::string, uint32_t> numbers_;
  std::string name_;
};

RowIndex index_of(const TaskFlows& of) {
  std::vector<RowIndex::Row> rows;
  rows.reserve(of.tasks.size());
  for (uint32_t i = 0; i < of.tasks.size(); ++i) {
    rows.push_back({of.tasks[i].producer, of.tasks[i].seq, i});
  }
  return RowIndex(std::move(rows));
}

}  // namespace

Result<std::vector<double>> joules_of(const store::Connection& connection, int64_t workflow,
                                      const TaskFlows& of) {
  std::vector<double> out(of.tasks.size(), std::nan(""));
  Result<store::QueryResult> rows = store::stream(
      connection, "SELECT producer, seq, domain, attributed_j FROM task_energy_row WHERE wf = " +
                      std::to_string(workflow));
  if (!rows.ok()) return rows.status();
  const RowIndex index = index_of(of);
  Domains domains;
  std::vector<Figure> figures;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      const uint32_t task = index.find(c.integer(0, row), c.integer(1, row));
      if (task == RowIndex::kNone) continue;
      figures.push_back({task, domains.number_of(c.text(2, row)),
                         c.is_null(3, row) ? std::nan("") : c.real(3, row)});
    }
  }
  HEADRACE_RETURN_IF_ERROR(store::stream_status(*rows));
  std::stable_sort(figures.begin(), figures.end(),
                   [](const Figure& a, const Figure& b) { return a.task < b.task; });
  for (size_t begin = 0; begin < figures.size();) {
    size_t end = begin;
    while (end < figures.size() && figures[end].task == figures[begin].task) ++end;
    out[figures[begin].task] = domains.sum({figures.data() + begin, end - begin});
    begin = end;
  }
  return out;
}

}  // namespace headrace::query

// Rows of an answer, told once: as JSON for programs and as a table for people.
//
//   AnswerTable rows({{"hostname", "node", ColumnKind::kText, ""},
//                     {"energy_j", "energy", ColumnKind::kReal, "J"}});
//   rows.add({Json("node1"), Json(12.5)});
//   facts = rows.json();   // [{"hostname": "node1", "energy_j": 12.5}]
//   text = rows.text(50);
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "query/cell_value.h"
#include "query/json.h"
#include "query/json_or_null.h"
#include "query/result_table.h"

namespace headrace::query {

struct AnswerColumn {
  std::string name;   // in JSON, with its unit
  std::string shown;  // the table's heading; empty: not in the table
  ColumnKind kind = ColumnKind::kText;
  std::string unit{};  // that the table shows numbers in
};

class AnswerTable {
 public:
  explicit AnswerTable(std::vector<AnswerColumn> columns) : columns_(std::move(columns)) {}

  // A cell for each column; null where nothing is known.
  void add(Json::List row) { rows_.push_back(std::move(row)); }
  size_t size() const { return rows_.size(); }
  // The first `limit` rows as maps; 0: all.
  Json json(size_t limit = 0) const;
  // The first `limit` rows, and a line that says how many were left out.
  std::string text(size_t limit = 50) const;

 private:
  std::vector<AnswerColumn> columns_;
  std::vector<Json::List> rows_;
};

// Joules of whole micro-joules.
inline double joules_of_uj(int64_t uj) { return static_cast<double>(uj) * 1e-6; }
// "≈ 12.5 J" where it is not measured.
std::string marked_joules(double joules, const std::string& truth);

}  // namespace headrace::query

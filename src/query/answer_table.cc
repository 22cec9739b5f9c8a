#include "query/answer_table.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "query/table_builder.h"
#include "query/units.h"
#include "query/utf8.h"
#include "query/write.h"

namespace headrace::query {
namespace {

// A number without a unit is shown with four digits, and what is next to nothing as 0.
double shortened(double value) {
  if (!std::isfinite(value) || std::abs(value) < 1e-9) return std::isfinite(value) ? 0 : value;
  const double unit = std::pow(10, std::floor(std::log10(std::abs(value))) - 3);
  return std::round(value / unit) * unit;
}

void put(const Json& cell, const AnswerColumn& column, TableBuilder* out) {
  const ColumnKind kind = column.kind;
  if (cell.is_null()) {
    out->null();
  } else if (kind == ColumnKind::kReal) {
    const double value = cell.number().value_or(0);
    out->real(column.unit.empty() ? shortened(value) : value);
  } else if (kind == ColumnKind::kInteger) {
    out->integer(cell.as<int64_t>() == nullptr ? 0 : *cell.as<int64_t>());
  } else if (kind == ColumnKind::kBool) {
    out->boolean(cell.as<bool>() != nullptr && *cell.as<bool>());
  } else {
    out->text(cell.text());
  }
}

}  // namespace

Json AnswerTable::json(size_t limit) const {
  Json::List out;
  const size_t most = limit == 0 ? rows_.size() : std::min(limit, rows_.size());
  for (size_t i = 0; i < most; ++i) {
    Json::Map row;
    for (size_t c = 0; c < columns_.size(); ++c) row.emplace_back(columns_[c].name, rows_[i][c]);
    out.emplace_back(std::move(row));
  }
  return out;
}

std::string AnswerTable::text(size_t limit) const {
  std::vector<BuiltColumn> shown;
  for (const AnswerColumn& one : columns_) {
    if (!one.shown.empty()) shown.push_back({one.shown, one.kind, one.unit});
  }
  TableBuilder table(std::move(shown));
  const size_t most = limit == 0 ? rows_.size() : std::min(limit, rows_.size());
  for (size_t i = 0; i < most; ++i) {
    for (size_t c = 0; c < columns_.size(); ++c) {
      if (!columns_[c].shown.empty()) put(rows_[i][c], columns_[c], &table);
    }
    table.end_row();
  }
  std::string out;
  ResultTable built = table.finish();
  const Result<Written> written = write_table(built, {}, [&out](std::string_view piece) {
    out += piece;
    return Status();
  });
  if (!written.ok()) return written.status().message() + "\n";
  if (most < rows_.size()) {
    out += grouped(rows_.size() - most) + " more; --json has all\n";
  }
  return out;
}

std::string marked_joules(double joules, const std::string& truth) {
  return (truth == "measured" || truth.empty() ? "" : "≈ ") + si_text(joules, "J");
}

}  // namespace headrace::query

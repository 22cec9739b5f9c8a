#include "query/table_json.h"

#include <utility>

#include "query/json.h"
#include "query/write.h"

namespace headrace::query {
namespace {

const char* type_name(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kText: return "text";
    case ColumnKind::kInteger: return "integer";
    case ColumnKind::kReal: return "real";
    case ColumnKind::kBool: return "boolean";
    case ColumnKind::kTime: return "time";
    case ColumnKind::kId: return "id";
    case ColumnKind::kJson: return "json";
    case ColumnKind::kBytes: return "bytes";
  }
  return "text";
}

// By the name's ending, where nobody has said it.
std::string unit_of(const ResultColumn& column) {
  if (!column.unit.empty() || !column.is_number()) return column.unit;
  static constexpr std::pair<const char*, const char*> kEndings[] = {
      {"_s", "s"}, {"_ns", "ns"}, {"_j", "J"}, {"_w", "W"}, {"_bytes", "B"}};
  for (const auto& [ending, unit] : kEndings) {
    if (column.name.ends_with(ending)) return unit;
  }
  return "";
}

}  // namespace

Status append_table_json(ResultTable& table, uint64_t most, std::optional<uint64_t> total,
                         std::string* out) {
  *out += "\"columns\":[";
  for (size_t i = 0; i < table.columns().size(); ++i) {
    const ResultColumn& column = table.columns()[i];
    const std::string unit = unit_of(column);
    *out += std::string(i == 0 ? "" : ",") + "{\"name\":" + json_quoted(column.name) +
            ",\"type\":\"" + type_name(column.kind) +
            "\",\"unit\":" + (unit.empty() ? "null" : json_quoted(unit)) + "}";
  }
  *out += "],\"rows\":[";
  uint64_t rows = 0;
  uint64_t shown = 0;
  for (;;) {
    const Result<bool> more = table.next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    for (size_t row = 0; row < table.rows(); ++row, ++rows) {
      if (most != 0 && shown == most) continue;
      *out += shown++ == 0 ? "[" : ",[";
      for (size_t i = 0; i < table.columns().size(); ++i) {
        if (i > 0) *out += ',';
        append_json_cell(table, i, row, out);
      }
      *out += ']';
    }
  }
  *out +=
      "],\"total\":" + std::to_string(total.value_or(rows)) + ",\"shown\":" + std::to_string(shown);
  return {};
}

}  // namespace headrace::query

// CSV and JSON: row by row, nothing kept.
#include <charconv>

#include "query/json.h"
#include "query/write.h"

namespace headrace::query {
namespace {

constexpr size_t kPieceBytes = 64 * 1024;

bool is_number(std::string_view text) {
  double value = 0;
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

// What spreadsheets begin to compute, in full width too.
bool starts_formula(std::string_view text) {
  if (text.find_first_of("=+-@\t\r\n") == 0) return true;
  return text.starts_with("\xEF\xBC\x9D") || text.starts_with("\xEF\xBC\x8B") ||
         text.starts_with("\xEF\xBC\x8D") || text.starts_with("\xEF\xBC\xA0");
}

std::string csv_cell(const ResultColumn& column, const Cell& cell) {
  if (cell.is_null) return "";
  std::string text = cell.text;
  const bool is_text = !column.is_number() && !cell.is_exact_number;
  if (text.empty()) return "\"\"";
  if (is_text && starts_formula(text) && !is_number(text)) {
    text = std::string(1, '\'').append(text);
  }
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string json_row(const ResultTable& table, const std::vector<std::string>& keys, size_t row) {
  std::string out = "{";
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i > 0) out += ',';
    out += keys[i];
    out += ':';
    append_json_cell(table, i, row, &out);
  }
  return out + '}';
}

std::vector<std::string> json_keys(const ResultTable& table) {
  std::vector<std::string> keys;
  for (const ResultColumn& column : table.columns()) keys.push_back(json_quoted(column.name));
  return keys;
}

// Calls `write_row` for each row to be shown; counts all.
template <typename WriteRow>
Result<Written> each_row(ResultTable& table, uint64_t limit, const Sink& sink,
                         const WriteRow& write_row) {
  Written written;
  std::string piece;
  for (;;) {
    Result<bool> more = table.next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    written.rows += table.rows();
    for (size_t row = 0; row < table.rows(); ++row) {
      if (limit != 0 && written.shown == limit) break;
      write_row(written.shown++, row, &piece);
      if (piece.size() >= kPieceBytes) {
        HEADRACE_RETURN_IF_ERROR(sink(piece));
        piece.clear();
      }
    }
  }
  HEADRACE_RETURN_IF_ERROR(sink(piece));
  return written;
}

}  // namespace

void append_json_cell(const ResultTable& table, size_t column, size_t row, std::string* out) {
  const Cell cell = table.cell(column, row);
  if (cell.is_null) {
    *out += "null";
  } else if (cell.is_exact_number) {
    *out += cell.text;
  } else if (table.columns()[column].kind == ColumnKind::kBool) {
    *out += cell.text;
  } else if (table.columns()[column].kind == ColumnKind::kJson) {
    *out += table.json(column, row).dump();
  } else if (table.columns()[column].kind == ColumnKind::kReal) {
    *out += "{\"$float\":\"" + cell.text + "\"}";
  } else {
    *out += json_quoted(cell.text);
  }
}

std::optional<Format> parse_format(std::string_view name) {
  if (name == "table") return Format::kTable;
  if (name == "csv") return Format::kCsv;
  if (name == "json") return Format::kJson;
  if (name == "jsonl") return Format::kJsonl;
  if (name == "arrow") return Format::kArrow;
  return std::nullopt;
}

Result<Written> write_csv(ResultTable& table, uint64_t limit, const Sink& sink) {
  std::string header;
  for (const ResultColumn& column : table.columns()) {
    if (!header.empty()) header += ',';
    header += csv_cell({}, {false, false, 0, 0, column.name});
  }
  HEADRACE_RETURN_IF_ERROR(sink(header + "\n"));
  return each_row(table, limit, sink, [&](uint64_t, size_t row, std::string* out) {
    for (size_t i = 0; i < table.columns().size(); ++i) {
      if (i > 0) *out += ',';
      *out += csv_cell(table.columns()[i], table.cell(i, row));
    }
    *out += '\n';
  });
}

Result<Written> write_json(ResultTable& table, uint64_t limit, const Sink& sink) {
  const std::vector<std::string> keys = json_keys(table);
  HEADRACE_RETURN_IF_ERROR(sink("["));
  Result<Written> written =
      each_row(table, limit, sink, [&](uint64_t number, size_t row, std::string* out) {
        *out += number == 0 ? "\n" : ",\n";
        *out += json_row(table, keys, row);
      });
  if (!written.ok()) return written;
  HEADRACE_RETURN_IF_ERROR(sink(written->shown == 0 ? "]\n" : "\n]\n"));
  return written;
}

Result<Written> write_jsonl(ResultTable& table, uint64_t limit, const Sink& sink) {
  const std::vector<std::string> keys = json_keys(table);
  return each_row(table, limit, sink, [&](uint64_t, size_t row, std::string* out) {
    *out += json_row(table, keys, row);
    *out += '\n';
  });
}

}  // namespace headrace::query

// Results as text and bytes: what the command line's --format chooses.
//
// CSV is RFC 4180 but for line ends, which are LF as other tools here expect: a header, NULL empty,
// "" for an empty string; a text cell that a spreadsheet would take for a formula (it begins with =
// + - @, in full width too, or a tab or line break, and is no number) gets a ' in front. JSON keeps
// every digit; NaN and infinities are the strings "nan", "inf", "-inf". Times are ISO 8601 in UTC.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "query/result_table.h"

namespace headrace::query {

enum class Format : uint8_t { kTable, kCsv, kJson, kJsonl, kArrow };
std::optional<Format> parse_format(std::string_view name);

// Takes the next piece of output; an error ends the writing.
using Sink = std::function<Status(std::string_view)>;

// How many rows there were and how many were written.
struct Written {
  uint64_t rows = 0;
  uint64_t shown = 0;
  bool has_more = false;   // rows were left out that nobody counted
  bool cut_cells = false;  // a table shortened a cell (it ends in …)
};

struct TableStyle {
  bool color = false;
  uint64_t limit = 0;  // rows to show; 0: all
  size_t widest_cell = 72;
};

// Each reads `table` to its end; with a limit the rest is only counted.
Result<Written> write_csv(ResultTable& table, uint64_t limit, const Sink& sink);
// One document, a list of objects, one a line.
Result<Written> write_json(ResultTable& table, uint64_t limit, const Sink& sink);
Result<Written> write_jsonl(ResultTable& table, uint64_t limit, const Sink& sink);
// One cell as these write it: of the current batch, NULL and NaN included.
void append_json_cell(const ResultTable& table, size_t column, size_t row, std::string* out);
// For people: aligned columns, numbers to the right, SI units where a column has a unit, ids and
// times shortened, NULL as "-". Escape sequences in captured text are taken out. Keeps the shown
// rows in memory.
Result<Written> write_table(ResultTable& table, const TableStyle& style, const Sink& sink);

// Any of them, or Arrow's IPC stream. `limit` 0: all rows. Of Arrow, which is written in batches,
// the rows are not counted.
Result<Written> write_as(Format format, ResultTable table, uint64_t limit, bool color,
                         const Sink& sink);

// A cell as write_table shows it, ids apart.
std::string shown_text(const ResultColumn& column, const Cell& cell);
// The shortest forms of ids that still differ: the first 8 digits, or "01234567..89ab" where many
// ids begin alike. `headrace show` takes both.
std::vector<std::string> short_ids(const std::vector<std::string>& ids);

}  // namespace headrace::query

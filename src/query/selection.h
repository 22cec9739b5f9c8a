// Rows of a view: which, in what order, how many, which columns; or groups of them.
//
//   Selection wanted;
//   wanted.filter = *parse_filter("activity:train used.lr<1e-3", FilterView::kTask);
//   wanted.sort = *parse_sort("-generated.loss", FilterView::kTask);
//   wanted.limit = 20;
//   Result<ResultTable> rows = select(session, wanted);
//
// The command line, Python and Mongo's JSON all become one of these.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "query/filter_fields.h"
#include "query/filter_tree.h"
#include "query/session.h"

namespace headrace::query {

struct SortKey {
  FieldPath path;
  bool descending = false;
};

struct Aggregate {
  std::string function;  // avg, sum, min, max, count, median or p95
  FieldPath path;        // empty: count of rows
  std::string name;      // of the result's column; "": function_path, with _ for dots
};

struct Selection {
  FilterView view = FilterView::kTask;
  Filter filter{};
  // {"used", "lr"} one value; {"used"} all as JSON; {"used", "*"} a column for each value that the
  // rows have, of at most 2,048 (beyond it is an error). None: every column of the view.
  std::vector<FieldPath> columns{};
  // Absent values and NaN come last. What is equal keeps the order in which it was begun.
  std::vector<SortKey> sort{};
  uint64_t limit = 0;  // 0: all
  uint64_t offset = 0;
  // Instead of rows: one for each combination of these values, with aggregates over its rows.
  std::vector<FieldPath> group_by{};
  std::vector<Aggregate> aggregates{};
  // Absent values and NaN first, as MongoDB sorts.
  bool absent_first = false;
  // Only tasks stored after this row, and open ones (follow.h).
  std::optional<int64_t> after_row = std::nullopt;
};

// Rows come as they are computed. Errors: kInvalidArgument for columns that the view does not have.
Result<ResultTable> select(const Session& session, const Selection& selection);
// How many rows there are, limit and offset left aside.
Result<uint64_t> count(const Session& session, const Selection& selection);

// "-generated.loss,started": by the first, - for the largest first.
Result<std::vector<SortKey>> parse_sort(std::string_view text, FilterView view);
// "id,used.lr,generated.*,energy".
Result<std::vector<FieldPath>> parse_columns(std::string_view text, FilterView view);

}  // namespace headrace::query

// SQL for one comparison: a filter's values against an expression of known classes.
#pragma once

#include <string>
#include <vector>

#include "query/filter_tree.h"

namespace headrace::query {

// What a field is in SQL, by the class of its values. Texts are expressions, "" where the field
// never has a value of that class; each is NULL in rows where it has none.
struct FilterAccess {
  std::string number;
  bool is_real = false;  // may be NaN, which DuckDB takes for the largest number
  double scale = 1;      // `number` is the field's value times this
  std::string text;
  std::string truth;
  std::string time_ns;
  std::string recorded;  // true where there is an entry; "": where any of the others is not NULL
  std::string document;  // JSON
  std::vector<std::string> inside;  // the way from `document` to the value
};

// A condition that is true in the rows meant; NULL counts as false. Lists inside documents count by
// each of their elements, as in MongoDB.
std::string comparison_sql(const FilterAccess& access, FilterOp op,
                           const std::vector<FilterValue>& values, int64_t now_ns);

// The JSON pointer to a member, as an SQL string.
std::string pointer_sql(std::string_view key);
// A pattern with * and ? as the right side of LIKE or ILIKE.
std::string like_sql(std::string_view pattern);

}  // namespace headrace::query

// DuckDB's errors in the words of a reader of the store.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "query/json.h"

namespace headrace::query {

// The error object that json_serialize_sql gives for `sql`: a text that does not parse, with a
// caret under the place, or a statement that is no SELECT.
Status parse_error(const std::string& sql, const Json& error);

// An error of binding or running `sql`: without DuckDB's class names; for an unknown table, with
// the store's views in place of DuckDB's own tables. kExhausted where memory did not suffice.
Status reader_error(const Status& error);

}  // namespace headrace::query

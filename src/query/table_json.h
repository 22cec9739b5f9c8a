// A table as JSON: columns once, then rows as lists.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "query/result_table.h"

namespace headrace::query {

// Appends the members "columns" [{name, type, unit}], "rows", "total" and "shown", without braces.
// Reads `table` to its end; at most `most` rows are shown (0: all). `total`: where the table holds
// only some of the rows there are.
Status append_table_json(ResultTable& table, uint64_t most, std::optional<uint64_t> total,
                         std::string* out);

}  // namespace headrace::query

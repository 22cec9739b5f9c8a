// Captured values as the JSON that the view `task` makes of them, from the columns they stand in.
#pragma once

#include <string>

#include "model/value.h"
#include "store/database.h"

namespace headrace::query {

// Adds the value of a field of this type, which stands in `column` of a row, as JSON to `out`. What
// JSON has no word for is a map: {"$float":"nan"}, {"$bytes":"..."}, {"$int":"..."},
// {"$time":"..."}, {"$object":"..."}, {"$decimal":"0.10"}. Adds nothing and gives false where the
// column is NULL.
bool add_slot_json(const store::Chunk& chunk, size_t column, size_t row, ValueTag type,
                   std::string* out);

}  // namespace headrace::query

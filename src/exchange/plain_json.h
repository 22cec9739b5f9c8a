// JSON for those who do not know Headrace's `{"$name": ...}`, by which the store says what JSON
// cannot: encode/nested.h.
#pragma once

#include <string>

#include "query/json.h"

namespace headrace::exchange {

// Dates, decimals, paths and the like become their text, bytes base64, a set a list, a map
// with odd keys one with text keys, NaN and infinities null, what could not be kept its
// placeholder.
query::Json plain_json(query::Json value);

// Compact JSON as Json::dump() writes it, but a real number is never written as an integer.
std::string typed_text(const query::Json& value);

}  // namespace headrace::exchange

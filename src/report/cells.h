// From a query's cells to the report's JSON.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/json.h"
#include "query/result_table.h"

namespace headrace::report {

using Row = std::vector<query::Cell>;

inline query::Json text_of(const query::Cell& cell) {
  return cell.is_null ? query::Json() : query::Json(cell.text);
}
inline query::Json real_of(const query::Cell& cell) {
  return cell.is_null ? query::Json() : query::Json(cell.real);
}
// An integer column, or a number that is one.
query::Json integer_of(const query::Cell& cell);

// "2026-11-21T14:37:05.120Z".
std::string instant_text(int64_t ns_since_epoch);

// Tags as a list of words: a JSON object's "key" for true and "key=value" else, a list's items.
query::Json tag_words(const query::Cell& tags);

// A recorded error (JSON with type, message, traceback) as text for a person.
std::string error_text(const query::Cell& error);

// Names of objects by their id's text.
using ObjectNames = std::map<std::string, std::string, std::less<>>;
// Values' JSON text with each reference to an object replaced by the object's name, and a long list
// of them by its count and first names. Text that holds none, or is no JSON, is given back as it
// is.
std::string with_object_names(std::string text, const ObjectNames& names);

}  // namespace headrace::report

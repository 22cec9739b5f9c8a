// One member of a JSON object in SQL, by a name that is not known before.
#pragma once

#include <string>

namespace headrace::store {

// The text of the member of the JSON object `json` whose name is what `key` gives, whatever
// characters that has; NULL where there is none. Both are SQL. A path of DuckDB's ('$."name"') has
// no way to write a quotation mark or a backslash.
std::string sql_member(const std::string& json, const std::string& key);

}  // namespace headrace::store

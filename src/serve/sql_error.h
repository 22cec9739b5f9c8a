// Where SQL is wrong, as a place in the whole text rather than as a line with a caret under it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace headrace::serve {

// Takes "\nLINE 2: FROM tsk\n             ^" from the end of an error of `sql`, and gives the
// character of `sql` that is meant; nothing when it names no place.
std::optional<int64_t> take_sql_place(const std::string& sql, std::string* message);

}  // namespace headrace::serve

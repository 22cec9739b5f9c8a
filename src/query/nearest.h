// "Did you mean": the known names that lie nearest to a mistyped one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headrace::query {

// Edits (insert, delete, replace, swap of neighbours) from one to the other, ignoring ASCII case.
// Optimal string alignment distance; cost O(a.size() * b.size()).
size_t edit_distance(std::string_view a, std::string_view b);

// Up to `limit` of `known`, nearest first: those within a third of the name's length of edits (one
// in short names, but never all of a name), and those of which one contains the other.
std::vector<std::string> nearest_names(std::string_view name, const std::vector<std::string>& known,
                                       size_t limit = 3);

// A name as it can stand in a sentence: line ends and other control characters escaped.
std::string in_one_line(std::string_view name);

// "; did you mean lr, lr_min?", or "" when `names` is empty.
std::string did_you_mean(const std::vector<std::string>& names);

// "a, b and c" of at most `limit` names, then "and 12 more".
std::string listed(const std::vector<std::string>& names, size_t limit = 12);

}  // namespace headrace::query

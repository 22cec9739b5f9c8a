// What a filter speaks of, against what the store has: mistakes told, names offered.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "query/filter_fields.h"
#include "query/filter_tree.h"
#include "query/session.h"

namespace headrace::query {

// parse_filter, and then: a value that nothing ever used or generated, an activity, campaign,
// workflow or machine that is not there, are mistakes (kInvalidArgument), told with a caret under
// the place in `text` and the nearest names. One that follows what is still to come does without.
Result<Filter> known_filter(const Session& session, std::string_view text, FilterView view);

struct Completion {
  std::string text;   // to put in place of the bytes [begin, end) of the filter
  std::string about;  // a word or two for a person, or ""
};
struct Completions {
  size_t begin = 0;
  size_t end = 0;
  std::vector<Completion> items;
};

// What may stand where the cursor is, at byte `at` of `text`: fields, the names of captured values,
// and after an operator the field's values, from what the store holds. At most `limit`, those that
// go on from what is typed first, then those that contain it. The text before `at` need not be a
// whole filter; what cannot be read gives none. Cost: milliseconds, more for values of text keys.
Result<Completions> complete_filter(const Session& session, std::string_view text, size_t at,
                                    FilterView view, size_t limit = 50);

}  // namespace headrace::query

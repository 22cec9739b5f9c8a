// The names that a store has for one field of a filter.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "query/filter_fields.h"
#include "query/session.h"

namespace headrace::query {

// Names of what was used, generated or attributed, or of tags, each once, by name.
Result<std::vector<std::string>> stored_keys(const Session& session, FilterView view,
                                             const FilterField& field);
// Activities, campaigns, workflows, machines, kinds, ...: the values of a field of text, up to
// `limit`. None for fields of another kind.
Result<std::vector<std::string>> stored_values(const Session& session, FilterView view,
                                               const FilterField& field, size_t limit);
// The texts and truths of one captured value of tasks, the most frequent first.
Result<std::vector<std::string>> stored_texts(const Session& session, FilterView view,
                                              const std::vector<std::string>& path, size_t limit);

}  // namespace headrace::query

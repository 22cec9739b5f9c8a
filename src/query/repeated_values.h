// Which tasks may have used and generated the same values as another of their activity, found from
// the columns that values stand in: making JSON of a million tasks' values takes 8 s, comparing
// their hashes 0.3 s.
#pragma once

#include <string>

#include "store/registry.h"
#include "store/task_view.h"

namespace headrace::query {

// A temporary table `repeated(producer, seq)` for `view.where` below. It holds every finished task
// whose used and generated values, both not empty, are those of another finished task of the same
// activity; a few others may be in it, whose values only look alike. With them come the tasks
// around each, up to the outermost, and those directly inside. `scope`: a condition on
// the rows of task_slots, aliased `t`, that are compared.
std::string repeated_values_sql(const store::Registry& registry, const std::string& scope);

// Leaves only those tasks in a view.
constexpr const char* kIsRepeated = "(t.producer, t.seq) IN (SELECT producer, seq FROM repeated)";

}  // namespace headrace::query

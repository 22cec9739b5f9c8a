// Whether an SQL text asks for one task by its id, so that the view `task` may hold only that one.
//
//   SELECT used.lr FROM task WHERE task_id = '...' AND status = 'failed'
//
// An id is two numbers (base/id.h), which the store finds in the few blocks that may hold them; the
// id itself stands nowhere and is computed for each task that is looked at.
#pragma once

#include <optional>

#include "base/id.h"
#include "query/json.h"

namespace headrace::query {

// The id, if every row of the answer can only be made of that task: `task` is the only thing read
// from, once, under a condition that holds for that id alone. `tree` is what json_serialize_sql
// gave, without error.
std::optional<Uuid> asked_task(const Json& tree);

}  // namespace headrace::query

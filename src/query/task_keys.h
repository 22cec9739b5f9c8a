// From the values that a query touches to the view `task` that it needs.
#pragma once

#include "base/status.h"
#include "query/touched_keys.h"
#include "store/task_view.h"

namespace headrace::query {

// Errors (kInvalidArgument): a key that no task ever had, with the nearest names; `used` taken
// whole and in parts in one query.
Result<store::TaskView> needed_view(const TouchedKeys& touched, const store::Registry& registry);

}  // namespace headrace::query

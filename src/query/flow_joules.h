// The energy of the tasks that flows run between.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "query/task_flows.h"
#include "store/database.h"

namespace headrace::query {

// What each task took, in J, over its domains as query/domain_sum.h adds them; NaN where it has no
// figure or one of them is unknown. Cost: reads the energy of the workflow's tasks once.
Result<std::vector<double>> joules_of(const store::Connection& connection, int64_t workflow,
                                      const TaskFlows& of);

}  // namespace headrace::query

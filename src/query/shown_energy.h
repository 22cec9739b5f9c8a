// The energy of a few tasks: of the rows that a table shows, not of all there are.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "query/session.h"

namespace headrace::query {

// J over domains that do not overlap (domain_sum.h); tasks without a figure are not there. Cost: a
// search for each task.
Result<std::unordered_map<Uuid, double>> energy_of_tasks(const Session& session,
                                                         const std::vector<Uuid>& tasks);

}  // namespace headrace::query

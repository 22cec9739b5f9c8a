// Whose books must be looked at together for them to add up.
#pragma once

#include <string>

#include "base/status.h"
#include "query/identify.h"
#include "query/session.h"

namespace headrace::query {

// The processes that ran the tasks of `of` (nullptr: all), and those that shared a node's energy
// counter with them or hold their tasks' parents or children, as src/energy computes them
// together: the numbers in parentheses, for use after IN. Cost: one pass over the samples.
Result<std::string> energy_reach(const Session& session, const Thing* of);

}  // namespace headrace::query

// The lines "cycle": what was made from itself.
#pragma once

#include <vector>

#include "query/json.h"
#include "query/lineage.h"
#include "query/why.h"

namespace headrace::query {

// Adds a line for each of the longest cycles, and gives all as lists of ids; null when there are
// none.
Json tell_cycles(const Lineage& lineage, const std::vector<WhyNode>& nodes,
                 std::vector<WhyLine>* lines);

}  // namespace headrace::query

// What prune says, and rm.
#pragma once

#include "collect/prune.h"

namespace headrace::cli {

// On stdout: the workflows that went, or would, and how much that is.
void print_pruned(const collect::Pruned& pruned, bool dry_run, bool json);

}  // namespace headrace::cli

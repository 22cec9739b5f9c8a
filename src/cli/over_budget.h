// Who used the energy when a budget is exceeded: said, and kept in the view `log`.
#pragma once

#include <string>

#include "spool/directory.h"

namespace headrace::cli {

// Looks once at what runs in the folder (as headrace top does) and writes a line into the log of
// this process's workflow: energy_budget_j, energy_j, and task_id, activity and workflow of the
// running task that uses most (top/projection.h). Gives "task train of tune, <id>, since 12 s"; ""
// where none is known. Cost: that of a look.
std::string note_over_budget(const Directory& directory, double budget_j, double joules);

}  // namespace headrace::cli

// The parts of a report that are plain counts and rows: what it is of, its workflows, its tasks,
// how energy is known, what capture saw and lost. Shapes: schema/report.schema.json.
#pragma once

#include "report/scope.h"
#include "report/task_table.h"

namespace headrace::report {

Result<query::Json> of_json(const Scope& scope);
Result<query::Json> workflows_json(const Scope& scope);

// At most `most` tasks: failed ones first, then those without a parent, then the longest.
Result<query::Json> tasks_json(const Scope& scope, uint64_t most, const TaskLimits& limits);

Result<query::Json> energy_part_json(const Scope& scope);
Result<query::Json> capture_json(const Scope& scope);

}  // namespace headrace::report

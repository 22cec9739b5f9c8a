// All that a store knows of one thing.
#pragma once

#include <string>

#include "base/status.h"
#include "query/identify.h"
#include "query/json.h"
#include "query/session.h"
#include "query/workflow_figures.h"

namespace headrace::query {

// One document. Every one has thing and the columns of its view that are not NULL; besides
//   campaign   workflow_list, activities {activity, tasks, failed, seconds}, energy
//   workflow   activities, metrics {name, count, first, last, min, max}, energy, objects,
//              used and generated with the values, attributes (what headrace run recorded), output
//   task       energy by domain with method and truth, children by activity, metrics, objects
//   object     written_by, used_by, versions
// `thing` is campaign, workflow, task or object; `kind` an object's own. energy is a list {domain,
// joules, truth, method, tasks}, of the tasks that lie in no other of these tasks.
// `figures`: of the same store, where they are known already; sums are taken from them then.
Result<Json> describe(const Session& session, const Thing& thing,
                      const WorkflowFigures* figures = nullptr);

// A description for a terminal: indented `name  value` lines, units at numbers, lists of maps as
// small tables.
std::string description_text(const Json& description);

}  // namespace headrace::query

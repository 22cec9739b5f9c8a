// Tasks that took far longer than others of their activity in the same workflow.
#pragma once

#include <string>

#include "base/status.h"
#include "query/result_table.h"
#include "query/session.h"

namespace headrace::query {

struct StragglerOptions {
  std::string workflow_id;  // empty: of every workflow
  std::string campaign;     // empty: of every campaign
  double deviations = 5;    // beyond the median by so many robust standard deviations
  int least_tasks = 5;      // of an activity, for its median to mean something
};

// The SQL of the question, which a person can run. Columns: task_id, activity, workflow_id,
// duration_s, median_s, times (duration by median), excess_s (beyond the median), rank, hostname.
// A robust standard deviation is 1.4826 times the median absolute deviation (Rousseeuw and Croux
// 1993), and at least 5 % of the median, so that equal durations make no stragglers.
std::string stragglers_sql(const StragglerOptions& options);
// The greatest excess first.
Result<ResultTable> stragglers_of(const Session& session, const StragglerOptions& options);

}  // namespace headrace::query

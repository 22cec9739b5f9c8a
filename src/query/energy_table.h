// Where the energy of a campaign or workflow went, so that it can be checked by adding up.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/energy_sums.h"
#include "query/result_table.h"

namespace headrace::query {

// Of one domain, over the processes that query/energy_reach.h names: measured = attributed + idle +
// unattributed
// + residual, and the residual should be 0. Attributed counts what tasks of other workflows in
// these processes got, too.
struct Conservation {
  std::string domain;
  double measured_j = 0;
  double attributed_j = 0;
  double idle_j = 0;
  double unattributed_j = 0;
  double residual_j = 0;
  std::optional<double> u95_j;  // of what is attributed to the tasks asked for
  std::string truth;
  std::string method;
  std::string assumption;
};

struct EnergyTable {
  std::vector<EnergySums> sums;  // those with a figure
  std::vector<Conservation> conservation;
};

// `of`: a campaign or workflow; nullptr: all there is.
Result<EnergyTable> energy_table(const Session& session, const Thing* of);

// The same as one table: workflow_id, workflow, domain, part, energy_j, tasks, truth, method,
// assumption, u95_j, time_s. Of a domain the parts attributed, elsewhere (tasks of other workflows
// in the same processes), idle and unattributed add up to measured.
ResultTable energy_parts(const EnergyTable& energy);

}  // namespace headrace::query

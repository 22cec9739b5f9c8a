// The energy of whole workflows by domain, no task counted twice: what lies in another task of
// those asked for is part of that one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/identify.h"
#include "query/session.h"

namespace headrace::query {

struct EnergySums {
  std::string workflow_id;
  std::string workflow;  // its name
  std::string campaign_id;
  std::string domain;
  double attributed_j = 0;
  std::optional<double> u95_j;
  double time_s = 0;    // of the tasks
  int64_t tasks = 0;    // outermost ones with a figure: all of the above is of them
  int64_t unknown = 0;  // outermost ones whose figure in this domain is not known
  std::string truth;    // of all: measured, mixed, estimated
  std::string method;   // each once, joined by "; "
  std::string assumption;
};

// By workflow, in the order in which they began, then by domain. `of`: a campaign or workflow;
// nullptr: all there is. A task inside one of a workflow that was not asked for counts as
// outermost. Cost: one pass over the energy of these workflows' tasks and one over the tasks, about
// 0.1 s a million; where tasks lie in others these are looked up, about three times that.
Result<std::vector<EnergySums>> energy_sums(const Session& session, const Thing* of);

// Of all workflows, for many questions about one.
struct AllEnergySums {
  std::vector<EnergySums> sums;
  // No task lies in one of another workflow, so that a workflow's part is what energy_sums gives.
  bool can_be_cut = false;
};
Result<AllEnergySums> all_energy_sums(const Session& session);
// A campaign's or workflow's part of sums that can be cut.
std::vector<EnergySums> sums_of(const AllEnergySums& all, const Thing& of);

// The same summed over workflows, by domain; their names are empty.
std::vector<EnergySums> over_workflows(const std::vector<EnergySums>& sums);

}  // namespace headrace::query

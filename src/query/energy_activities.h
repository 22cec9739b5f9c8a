// What can be told of each activity's energy: a figure of its own, one of a group, or only a
// division by time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/identify.h"
#include "query/session.h"

namespace headrace::query {

// One activity in one domain, summed over the processes that resolved it alike.
struct EnergyActivity {
  std::string domain;
  std::string activity;
  std::string resolution;  // resolved, grouped, unresolved
  std::string group;       // "attention + mlp": all that share the figure; "": it alone
  int64_t processes = 0;
  int64_t tasks = 0;
  double time_s = 0;              // of them, without the tasks inside
  std::optional<double> power_w;  // of one task alone, the mean over that time
  double share_j = 0;             // in the books: for sums alone unless it is resolved
  double group_j = 0;             // of all in the group; of one that is resolved its own
  // How far off group_j may be by the division, with 95 %: of several processes their sum, so at
  // most that.
  double group_u95_j = 0;
  int64_t windows = 0;  // of the counter, in which it ran

  bool has_figure() const { return resolution == "resolved"; }
};

// Of the processes that ran the tasks of `of` (nullptr: all), with all that these processes ran; by
// domain, then the largest first. Cost: one pass over the energy of tasks where `of` is given.
Result<std::vector<EnergyActivity>> energy_activities(const Session& session, const Thing* of);

}  // namespace headrace::query

// How the energy of runs adds up over their time, from the energy of the tasks inside them.
//
//   Result<EnergyCurves> curves = energy_curves(session, campaign, ids);
//   (*curves)[id].joules_until(begin_ns + 2'000'000'000);
//
// What a task used itself is spread evenly over the times in which it ran itself, so a curve is
// exact at the ends of tasks and a straight line between. Of domains that overlap one counts
// (domain_sum.h). Its end is the run's `attributed_j`.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "query/campaign.h"
#include "query/session.h"

namespace headrace::query {

class EnergyCurve {
 public:
  // `parts`: joules between two moments each, in any order.
  struct Part {
    int64_t begin_ns = 0;
    int64_t end_ns = 0;
    double joules = 0;
  };
  EnergyCurve() = default;
  explicit EnergyCurve(const std::vector<Part>& parts);
  double joules_until(int64_t at_ns) const;
  double joules() const { return points_.empty() ? 0 : points_.back().second; }

 private:
  std::vector<std::pair<int64_t, double>> points_;  // straight lines between
};

using EnergyCurves = std::map<std::string, EnergyCurve>;

// Of the campaign's tasks with these ids, those of which energy is known. One that lies in another
// of them counts for the innermost alone.
Result<EnergyCurves> energy_curves(const Session& session, const CampaignName& campaign,
                                   const std::set<std::string>& task_ids);

}  // namespace headrace::query

// The points of all curves of a key, as the store has them, before they are sorted into runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/campaign.h"
#include "query/session.h"

namespace headrace::query {

// A task by its numbers in the store, or a workflow when seq is 0.
struct OwnerKey {
  uint32_t producer = 0;
  uint32_t workflow = 0;
  int64_t seq = 0;
  bool operator==(const OwnerKey&) const = default;
};

struct Points {
  std::vector<OwnerKey> owners;  // each once
  std::vector<uint32_t> owner;   // of each point, its place in owners
  std::vector<int64_t> time_ns;  // of each point
  std::vector<double> values;
};

// What hr.log wrote. Reads the tables behind the views: a view would make a UUID for each point.
Result<Points> logged_points(const Session& session, const CampaignName& campaign,
                             const std::string& key);
// What tasks generated, at their ends.
Result<Points> generated_points(const Session& session, const CampaignName& campaign,
                                const std::string& key);

}  // namespace headrace::query

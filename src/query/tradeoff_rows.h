// Reading the tasks that a trade-off compares: numbers straight from the store's columns, no text
// for what is a number.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "query/campaign.h"
#include "query/tradeoff.h"

namespace headrace::query {

// A value of the tasks: a key of `used` or `generated`.
struct TaskValue {
  bool generated = true;
  std::string key;
};

// The activities that generated the quality, the one to compare first; and the rows of that
// activity, with `values` of each key in the order given. Sets activity, other_activities, rows and
// failed, with energy. Errors as tradeoff().
Status read_tradeoff(const Session& session, const CampaignName& campaign,
                     const TradeoffQuestion& question, const std::vector<TaskValue>& values,
                     Tradeoff* out);

}  // namespace headrace::query

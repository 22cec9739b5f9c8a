// What nodes counted over time: the counters of energy as src/energy reads them, for questions
// about stretches of time that are no task's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "energy/domain_tree.h"
#include "query/identify.h"
#include "query/session.h"
#include "query/time_span.h"

namespace headrace::query {

// Of the nodes on which `of` ran (nullptr: all), by host and domain; estimates are not counted.
// Cost: one pass over the samples of these processes.
Result<std::vector<energy::CountedDomain>> node_counters(const Session& session, const Thing* of);

// What a counter counted in a stretch, in micro-joules, straight between its knots.
double counted_uj(const energy::Timeline& timeline, const TimeSpan& stretch);
// The share of a stretch that lies between the counter's first and last knot and in which it was
// known.
double covered_share(const energy::Timeline& timeline, const TimeSpan& stretch);

// The same times without overlaps, in order.
std::vector<TimeSpan> merged(std::vector<TimeSpan> stretches);
// What of `stretch` is in none of `busy`, which is merged.
std::vector<TimeSpan> without(const TimeSpan& stretch, const std::vector<TimeSpan>& busy);
double seconds_of(const std::vector<TimeSpan>& stretches);

}  // namespace headrace::query

// What the energy of a card emitted: task by task, each at the factors of its own time.
#pragma once

#include <string>

#include "base/status.h"
#include "query/energy_card.h"

namespace headrace::query {

// Sets the card's and its lines' carbon: joules / 3.6e6 x PUE x factor, a task's energy spread
// evenly over its time, idle and unattributed energy over the time from the first task asked for to
// the last. Null where the factors lack part of a time, with the reason in `carbon`. `reach`: of
// energy_reach.h.
Status add_carbon(const Session& session, const std::string& reach, const CarbonFactors& factors,
                  const CarbonQuestion& question, EnergyCard* card);

}  // namespace headrace::query

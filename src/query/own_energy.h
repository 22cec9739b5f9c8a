// What tasks used themselves, without the tasks inside them, as SQL.
#pragma once

#include <string>

namespace headrace::query {

// The beginning of a query: WITH ..., and in it
//   own_energy(producer, seq, wf, activity, domain, truth, method, assumption, reason, withheld,
//   uj,
//              sensor_j, model_j, own_j2, coverage, ts, dur)
// a row for each task of the processes `reach` (energy_reach.h) and domain. uj: whole micro-joules,
// so that they add up; the errors as in energy_error.h.
std::string with_own_energy(const std::string& reach);

}  // namespace headrace::query

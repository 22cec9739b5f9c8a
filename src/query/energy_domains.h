// What holds what: each counter of energy under the nearest that holds it, and what its parts leave
// of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/session.h"

namespace headrace::query {

// One domain, summed over the machines that have it: measured = children + other + uncompared.
struct EnergyDomain {
  std::string domain;
  std::string parent;  // "": none holds it
  std::string role;    // divided, whole, part, check
  std::string truth;
  int64_t counters = 0;   // that were summed here: of as many processes
  double measured_j = 0;  // while they were read, whoever used it
  // Of that what its parts counted, what none of them did, and what was counted in windows in which
  // not all of them were known; unset where it has no parts.
  std::optional<double> children_j;
  std::optional<double> other_j;
  std::optional<double> uncompared_j;
  std::optional<double> tolerance_j;
  bool inconsistent = false;  // its parts counted more than it did: one of them is wrong
  std::optional<double> coverage;
  std::string reason;  // why it is not 1; each once, joined by "; "
};

// Of the processes `reach` (energy_reach.h), by name. Cost: a row for each counter and process.
Result<std::vector<EnergyDomain>> energy_domains(const Session& session, const std::string& reach);

}  // namespace headrace::query

// The energy of a few tasks: of the rows that a table shows, not of all there are.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "query/session.h"

namespace headrace::query {

struct ShownEnergy {
  std::optional<double> energy_j;  // over domains that do not overlap; unset when one is unknown
  std::optional<double> u95_j;     // half its 95 % interval
  std::string truth;               // of all: measured, mixed, estimated
  std::string resolution;          // the least of its domains: resolved, grouped, unresolved
};

// Tasks of which nothing was recorded are not there. Cost: a search for each task.
Result<std::unordered_map<Uuid, ShownEnergy>> energy_of_tasks(const Session& session,
                                                              const std::vector<Uuid>& tasks);

}  // namespace headrace::query

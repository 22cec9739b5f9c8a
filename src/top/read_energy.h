// What tasks cost, by workflow and by activity. One pass over all energy rows.
#pragma once

#include <map>
#include <unordered_map>
#include <utility>

#include "base/status.h"
#include "query/session.h"
#include "top/folder.h"

namespace headrace::top {

struct EnergyFigures {
  std::unordered_map<uint32_t, Joules> workflows;              // of their outermost tasks
  std::map<std::pair<uint32_t, uint32_t>, Joules> activities;  // inclusive of what lies in them
};

// `workflows`: the store's numbers by id.
Result<EnergyFigures> read_energy(const query::Session& session,
                                  const std::map<uint32_t, WorkflowFacts>& workflows);

}  // namespace headrace::top

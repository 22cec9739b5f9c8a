// What became of each workflow's tasks and what they cost, as sums.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/status.h"
#include "query/energy_sums.h"
#include "query/session.h"
#include "query/task_sums.h"

namespace headrace::query {

struct Figures {
  int64_t failed = 0;  // tasks that failed or were lost
  int64_t running = 0;
  std::optional<double> energy_j;  // over domains that do not overlap; unset when one is unknown
  std::optional<double> energy_u95_j;  // half its 95 % interval; unset when that of one is unknown
  std::string energy_truth;            // "" without a figure
};

struct WorkflowFigures {
  std::unordered_map<std::string, Figures> workflows;  // by id
  std::unordered_map<std::string, Figures> campaigns;  // by id: of their workflows together
  // What these were summed from, for describe().
  TaskSums tasks;
  AllEnergySums energy;
};

// Energy is of tasks that lie in no other one, so a campaign's is the sum of its workflows'. Cost:
// one pass over all tasks, and over their energy.
Result<WorkflowFigures> workflow_figures(const Session& session);

}  // namespace headrace::query

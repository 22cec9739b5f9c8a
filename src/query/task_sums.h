// How many tasks of each activity each workflow has, and what became of them: one pass over all
// tasks, for many questions about one workflow or campaign.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/status.h"
#include "query/session.h"

namespace headrace::query {

struct TaskSum {
  uint32_t workflow = 0;  // its number in this store
  uint32_t activity = 0;  // likewise
  int64_t tasks = 0;
  int64_t failed = 0;
  int64_t lost = 0;
  int64_t running = 0;
  std::optional<int64_t> duration_ns;  // of those that ended
  std::optional<int64_t> began_ns;     // the first
};

// By workflow. Sums over 292 years of tasks do not fit.
struct TaskSums {
  std::vector<TaskSum> all;
};

// Cost: about 40 ms a million tasks.
Result<TaskSums> task_sums(const Session& session);

// Of these workflows by activity, in the order in which the first task of each began; the
// workflow's number is that of one of them.
std::vector<TaskSum> by_activity(const TaskSums& sums, const std::vector<uint32_t>& workflows);

}  // namespace headrace::query

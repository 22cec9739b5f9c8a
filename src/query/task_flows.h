// The tasks of one workflow, running ones too, and what flows between them, as numbers: for graphs
// of which a task is the smallest part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "store/database.h"

namespace headrace::query {

struct FlowTask {
  int64_t producer = 0;  // with `seq` its row
  int64_t seq = 0;
  int64_t began_ns = 0;
  int64_t duration_ns = 0;  // 0: it has not ended
  uint32_t activity = 0;    // of TaskFlows::activities
  uint8_t status = 0;       // by model/status.h
};

struct TaskFlow {
  uint32_t from = 0;  // tasks
  uint32_t to = 0;
  uint32_t name = 0;       // of TaskFlows::names
  bool is_parent = false;  // `to` lies in `from`, else it used what that generated
  bool exact = true;       // captured, not inferred
};

struct TaskFlows {
  std::vector<FlowTask> tasks;  // by begin
  std::vector<TaskFlow> flows;  // parents first
  std::vector<std::string> activities;
  std::vector<std::string> names;  // of values; [0] is ""
  uint64_t tasks_total = 0;        // with those that were not read
};

// `workflow`: its number in the store. Reads `most` tasks, those that failed, the longest, then
// those that began first, and what flows between these. Errors: the store's; kExhausted beyond
// eight million flows. Cost: 10,000 tasks and as many flows about 15 ms; a million about a second.
Result<TaskFlows> read_task_flows(const store::Connection& connection, int64_t workflow,
                                  size_t most);

}  // namespace headrace::query

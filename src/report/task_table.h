// The tasks of a report as packed columns: what the timeline draws and the task table lists.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "query/json.h"

namespace headrace::report {

struct TaskRow {
  Uuid id;
  Uuid parent;          // nil: none
  size_t workflow = 0;  // index into the report's workflows
  std::string activity;
  std::string status;
  int64_t start_ns = 0;  // since the campaign's start
  std::optional<int64_t> duration_ns;
  std::string hostname;
  std::optional<int64_t> pid;
  std::string thread;
  std::optional<int64_t> rank;
  double energy_j = std::nan("");
  std::string used;       // JSON text; "" for none
  std::string generated;  // JSON text; "" for none
  std::string error;
};

struct TaskLimits {
  // Of the file, for values. Beyond it whole activities go without, the bulkiest first.
  size_t value_bytes = 600'000;
  // Of errors' text in all; each keeps its head and its tail.
  size_t error_bytes = 250'000;
};

// "tasks" of schema/report.schema.json. `total` is the campaign's count, rows left out included.
// O(n log n); about 17 bytes of packed column a task.
query::Json task_table(std::vector<TaskRow> rows, size_t total, const TaskLimits& limits = {});

}  // namespace headrace::report

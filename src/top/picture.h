// What one frame shows of a scope: rows in plain words and numbers, made of a folder at a moment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/status.h"
#include "top/folder.h"
#include "top/projection.h"
#include "top/scope.h"

namespace headrace::top {

struct WorkflowLine {
  std::string id;
  std::string name;
  std::string campaign;
  TaskStatus status = TaskStatus::kRunning;
  int64_t ended = 0;
  int64_t running = 0;
  int64_t failed = 0;  // or lost
  double rate = 0;     // tasks that ended, per second
  std::optional<double> elapsed_s{};
  Joules energy{};
};

struct RunningLine {
  std::string id;
  std::string activity;
  std::string workflow;
  std::string place;  // "rank 3, node7"; "" when all are of one process
  double elapsed_s = 0;
  std::optional<double> median_s{};  // of those of its activity that have finished
  bool is_straggler = false;         // already beyond what would make it one
};

// A straggler, or a task that failed or was lost.
struct TroubleLine {
  std::string id;
  TaskStatus status = TaskStatus::kFinished;  // kFinished: a straggler
  std::string sentence;
  double excess_s = 0;  // beyond the median; of a failure how long it ran
  int64_t end_ns = 0;
};

struct ActivityLine {
  std::string name;
  int64_t ended = 0;
  int64_t running = 0;
  int64_t failed = 0;
  double rate = 0;
  std::optional<double> p50_s{};
  std::optional<double> p95_s{};
  double sum_s = 0;  // of those that finished, by the median; for the order alone
  Joules energy{};
};

struct Picture {
  Scope scope{};
  std::string title{};
  bool is_empty = true;  // nothing has been captured in this scope
  TaskStatus status = TaskStatus::kRunning;
  std::optional<double> elapsed_s{};
  int64_t workflow_count = 0;
  int64_t ended = 0;
  int64_t running = 0;
  int64_t failed = 0;
  double rate = 0;
  std::vector<double> recent{};  // tasks that ended in each second, the newest last
  Joules energy{};
  Projection projection{};
  // Which running task uses most; an empty id: none runs.
  RunningLine dearest{};
  Machine machine{};
  Losses losses{};
  double late_s = 0;
  bool is_behind = false;

  std::vector<WorkflowLine> workflows{};
  std::vector<RunningLine> running_tasks{};
  std::vector<TroubleLine> troubles{};
  int64_t straggler_count = 0;
  std::vector<ActivityLine> activities{};
  bool has_uncounted_activities = false;
};

// At most so many running tasks and troubles, the longest and the newest; all workflows and
// activities. Cost: linear in workflows and groups of the scope.
Picture make_picture(const Folder& folder, const Scope& scope, int64_t now_ns);

}  // namespace headrace::top

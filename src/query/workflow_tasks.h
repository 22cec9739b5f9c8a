// The tasks of one workflow as numbers, for questions that look at all of them: times, places, what
// lies in what, what used what another generated.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "query/session.h"

namespace headrace::query {

constexpr size_t kNoTask = static_cast<size_t>(-1);

struct WorkflowTask {
  Uuid id;
  std::string activity;
  int64_t began_ns = 0;
  int64_t ended_ns = 0;
  uint64_t thread = 0;  // equal on one thread of one process
  std::string hostname;
  std::optional<int64_t> rank;
  size_t parent = kNoTask;
  size_t children = 0;
};

struct DataDependency {
  size_t made = 0;
  size_t used = 0;
  std::string name;
};

struct WorkflowTasks {
  std::vector<WorkflowTask> tasks;  // that ended, by their begin
  std::vector<DataDependency> dependencies;
  std::unordered_map<Uuid, size_t> numbers;
};

Result<WorkflowTasks> read_workflow_tasks(const Session& session, const Uuid& workflow);

}  // namespace headrace::query

// The chain of tasks that decided how long a workflow took, and how much later every other task
// could have ended without making it longer (Kelley and Walker's critical path method on what
// happened).
//
// Links are tasks with no task inside them. One follows another because it used what that one
// generated, because both ran on one thread, or because they lie in tasks for which one of these
// holds. Before a link stands what ended last of all that it waited for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "query/identify.h"
#include "query/json.h"
#include "query/session.h"

namespace headrace::query {

struct PathLink {
  Uuid task;
  std::string activity;
  std::string why;    // it came after the link before: "data corpus", "same thread", "first"
  double wait_s = 0;  // between the end of the link before and the begin of this one
  double duration_s = 0;
  std::optional<double> energy_j;
  std::string hostname;
  std::optional<int64_t> rank;
};

// Of the tasks of one activity that are not on the path.
struct Slack {
  std::string activity;
  size_t tasks = 0;
  double least_s = 0;
  double median_s = 0;
};

struct CriticalPath {
  Thing workflow;
  double total_s = 0;  // from the first begin to the last end of its tasks
  double working_s = 0;
  double waiting_s = 0;
  std::vector<PathLink> links;  // in the order of time
  std::vector<Slack> slacks;    // the least first
  size_t tasks = 0;
};

// `text`: a workflow. Errors: of identify; kNotFound when none of its tasks has ended. Cost: reads
// the workflow's tasks and edges once; 10,000 tasks in about 50 ms.
Result<CriticalPath> critical_path_of(const Session& session, const std::string& text,
                                      const std::filesystem::path& here);

std::string critical_path_text(const CriticalPath& path);
Json critical_path_json(const CriticalPath& path);

}  // namespace headrace::query

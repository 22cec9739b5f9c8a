#include "cli/over_budget.h"

#include <mutex>
#include <set>
#include <unistd.h>

#include "base/clock.h"
#include "capture/fields.h"
#include "capture/recorder.h"
#include "capture/task.h"
#include "query/units.h"
#include "top/folder_reader.h"
#include "top/projection.h"
#include "top/running.h"

namespace headrace::cli {
namespace {

// The task that stands for the program as a whole is named only where nothing in it is known.
void leave_out_own_task(top::Folder* folder) {
  std::vector<top::TaskRow> inner;
  for (const top::TaskRow& row : folder->running) {
    const auto process = folder->processes.find(row.producer);
    if (process == folder->processes.end() || process->second.pid != getpid()) inner.push_back(row);
  }
  if (!inner.empty()) folder->running = std::move(inner);
}

}  // namespace

std::string note_over_budget(const Directory& directory, double budget_j, double joules) {
  using capture::name_id;
  capture::Fields log;
  log.add_float(Role::kGenerated, name_id("energy_budget_j"), budget_j);
  log.add_float(Role::kGenerated, name_id("energy_j"), joules);
  std::string out;
  top::FolderReader reader([&directory] { return directory; });
  top::Folder folder;
  std::mutex mutex;
  if (reader.look(folder, mutex).ok()) {
    leave_out_own_task(&folder);
    std::set<uint32_t> all;
    for (const auto& [number, workflow] : folder.workflows) all.insert(number);
    const int64_t now_ns = now_realtime_ns();
    if (const top::TaskRow* row = top::responsible(folder, all, now_ns)) {
      const std::string id = top::task_id(folder, *row);
      const std::string activity = top::activity_name(folder, *row);
      const std::string workflow = folder.workflows.at(row->workflow).name;
      log.add_string(Role::kGenerated, name_id("task_id"), id);
      log.add_string(Role::kGenerated, name_id("activity"), activity);
      log.add_string(Role::kGenerated, name_id("workflow"), workflow);
      out = "task " + activity + " of " + workflow + ", " + id + ", since " +
            query::duration_text(static_cast<double>(now_ns - row->begin_ns) * 1e-9);
    }
  }
  capture::log_values(nullptr, LogStream::kMetric, log);
  return out;
}

}  // namespace headrace::cli

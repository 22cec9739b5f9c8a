#include "top/running.h"

#include <utility>

namespace headrace::top {

std::string task_id(const Folder& folder, const TaskRow& row) {
  const auto process = folder.processes.find(row.producer);
  if (process == folder.processes.end()) return {};
  return task_uuid(process->second.id, static_cast<TaskNumber>(row.number)).text();
}

std::string place_of(const Folder& folder, const TaskRow& row) {
  const auto process = folder.processes.find(row.producer);
  if (process == folder.processes.end()) return {};
  const std::string& hostname = process->second.hostname;
  if (!process->second.rank) return hostname;
  return "rank " + std::to_string(*process->second.rank) + " (" + hostname + ")";
}

std::string activity_name(const Folder& folder, const TaskRow& row) {
  const auto found = folder.activities.find(row.activity);
  return found == folder.activities.end() ? "?" : found->second;
}

std::vector<RunningLine> running_lines(const Folder& folder, const std::set<uint32_t>& mine,
                                       int64_t now_ns) {
  std::vector<RunningLine> out;
  for (const TaskRow& row : folder.running) {
    if (!mine.contains(row.workflow)) continue;
    RunningLine& line = out.emplace_back();
    line.id = task_id(folder, row);
    line.activity = activity_name(folder, row);
    line.workflow = folder.workflows.at(row.workflow).name;
    line.place = place_of(folder, row);
    line.elapsed_s = static_cast<double>(now_ns - row.begin_ns) / 1e9;
    const Group* group = folder.tally.group_of(row.workflow, row.activity);
    if (group == nullptr || group->finished.count() == 0) continue;
    line.median_s = group->finished.quantile_s(0.5);
    const auto limit_s = straggler_limit_s(group->finished);
    line.is_straggler = limit_s && line.elapsed_s > *limit_s;
  }
  return out;
}

}  // namespace headrace::top

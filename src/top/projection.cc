#include "top/projection.h"

#include <algorithm>
#include <utility>

#include "top/running.h"

namespace headrace::top {
namespace {

double seconds_since(int64_t begin_ns, int64_t now_ns) {
  return std::max(0.0, static_cast<double>(now_ns - begin_ns) * 1e-9);
}

// Of its like in the same workflow, else in all.
std::optional<double> mean_power_w(const Folder& folder, const TaskRow& row) {
  double joules = 0;
  double seconds = 0;
  for (const auto& [key, energy] : folder.activity_energy) {
    if (key.second != row.activity || !energy.energy_j) continue;
    const Group* group = folder.tally.group_of(key.first, key.second);
    if (group == nullptr || group->finished.count() == 0) continue;
    joules += *energy.energy_j;
    seconds += group->finished.quantile_s(0.5) * static_cast<double>(group->finished.count());
  }
  return seconds > 0 ? std::optional(joules / seconds) : std::nullopt;
}

}  // namespace

Projection project(const Folder& folder, const std::set<uint32_t>& mine,
                   const std::map<std::string, double>& medians_s, int64_t now_ns) {
  Projection out;
  bool any = false;
  bool is_known = false;
  for (const TaskRow& row : folder.running) {
    if (!mine.contains(row.workflow)) continue;
    any = true;
    const auto median = medians_s.find(activity_name(folder, row));
    if (median == medians_s.end()) continue;
    is_known = true;
    out.left_s = std::max(out.left_s, median->second - seconds_since(row.begin_ns, now_ns));
  }
  double ended_j = 0;
  double running_j = 0;
  int64_t begin_ns = now_ns;
  for (const uint32_t number : mine) {
    const WorkflowFacts& facts = folder.workflows.at(number);
    const auto energy = folder.workflow_energy.find(number);
    const bool has_energy = energy != folder.workflow_energy.end() && energy->second.energy_j;
    const bool runs = facts.status == TaskStatus::kRunning;
    if (has_energy) (runs ? running_j : ended_j) += *energy->second.energy_j;
    if (runs && facts.begin_ns) begin_ns = std::min(begin_ns, *facts.begin_ns);
  }
  const double elapsed_s = seconds_since(begin_ns, now_ns);
  if (!any) {
    out.reason = "nothing runs";
  } else if (!is_known) {
    out.reason = "no task like those that run has finished";
  } else if (running_j <= 0 || elapsed_s <= 0) {
    out.reason = "the joules of what runs are not known yet";
  } else {
    out.energy_j = ended_j + running_j / elapsed_s * (elapsed_s + out.left_s);
  }
  return out;
}

const TaskRow* responsible(const Folder& folder, const std::set<uint32_t>& mine, int64_t now_ns) {
  // The task of a program whose workflows run is not named for what these do.
  std::set<Uuid> outer;
  for (const TaskRow& row : folder.running) {
    if (mine.contains(row.workflow)) outer.insert(folder.workflows.at(row.workflow).parent);
  }
  std::map<uint32_t, const TaskRow*> youngest;  // by process
  for (const TaskRow& row : folder.running) {
    if (!mine.contains(row.workflow)) continue;
    if (outer.contains(folder.workflows.at(row.workflow).id)) continue;
    const TaskRow*& one = youngest[row.producer];
    if (one == nullptr || row.begin_ns >= one->begin_ns) one = &row;
  }
  const TaskRow* out = nullptr;
  std::pair<double, double> most{-1, -1};
  for (const auto& [producer, row] : youngest) {
    const double elapsed_s = seconds_since(row->begin_ns, now_ns);
    const std::pair used{mean_power_w(folder, *row).value_or(0) * elapsed_s, elapsed_s};
    if (used <= most) continue;
    most = used;
    out = row;
  }
  return out;
}

}  // namespace headrace::top

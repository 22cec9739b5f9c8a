#include "top/projection.h"

#include <algorithm>
#include <utility>

#include "top/running.h"

namespace headrace::top {
namespace {

double seconds_since(int64_t begin_ns, int64_t now_ns) {
  return std::max(0.0, static_cast<double>(now_ns - begin_ns) * 1e-9);
}

struct Running {
  double left_s = 0;
  double youngest_s = 0;  // for how long it has run
  bool any = false;
  bool known = false;  // the median of one of them
};

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
  std::map<uint32_t, Running> running;
  for (const TaskRow& row : folder.running) {
    if (!mine.contains(row.workflow)) continue;
    Running& one = running[row.workflow];
    const double elapsed_s = seconds_since(row.begin_ns, now_ns);
    one.youngest_s = one.any ? std::min(one.youngest_s, elapsed_s) : elapsed_s;
    one.any = true;
    const auto median = medians_s.find(activity_name(folder, row));
    if (median == medians_s.end()) continue;
    one.known = true;
    one.left_s = std::max(one.left_s, median->second - elapsed_s);
  }
  Projection out;
  double joules = 0;
  for (const uint32_t number : mine) {
    const WorkflowFacts& facts = folder.workflows.at(number);
    const auto energy = folder.workflow_energy.find(number);
    const bool is_known = energy != folder.workflow_energy.end() && energy->second.energy_j;
    const double so_far_j = is_known ? *energy->second.energy_j : 0;
    const auto found = running.find(number);
    if (facts.status != TaskStatus::kRunning || found == running.end()) {
      joules += so_far_j;
      continue;
    }
    const Running& one = found->second;
    if (!one.known) {
      out.reason = "no task like those that run has finished";
      continue;
    }
    const double elapsed_s = seconds_since(facts.begin_ns.value_or(now_ns), now_ns);
    const double counted_s = elapsed_s - one.youngest_s;
    if (!is_known || counted_s <= 0) {
      out.reason = "the energy of none of its tasks is known yet";
      continue;
    }
    joules += so_far_j / counted_s * (elapsed_s + one.left_s);
    out.left_s = std::max(out.left_s, one.left_s);
  }
  if (running.empty()) out.reason = "nothing runs";
  if (out.reason.empty()) out.energy_j = joules;
  return out;
}

const TaskRow* responsible(const Folder& folder, const std::set<uint32_t>& mine, int64_t now_ns) {
  std::map<uint32_t, const TaskRow*> youngest;  // by process
  for (const TaskRow& row : folder.running) {
    if (!mine.contains(row.workflow)) continue;
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

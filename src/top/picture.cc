#include "top/picture.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "query/emulated_domains.h"
#include "top/running.h"
#include "top/troubles.h"

namespace headrace::top {
namespace {

constexpr int kRecentSeconds = 30;

void add(const Joules& one, Joules* sum) {
  if (!one.energy_j) return;
  sum->energy_j = sum->energy_j.value_or(0) + *one.energy_j;
  sum->truth = query::joint_truth(sum->truth, one.truth);
}

std::optional<double> elapsed_s(std::optional<int64_t> begin_ns, std::optional<int64_t> end_ns,
                                bool is_running, int64_t now_ns) {
  if (!begin_ns) return std::nullopt;
  const int64_t end = is_running ? now_ns : end_ns.value_or(*begin_ns);
  return static_cast<double>(end - *begin_ns) / 1e9;
}

class Painter {
 public:
  Painter(const Folder& folder, const Scope& scope, int64_t now_ns)

      : folder_(folder),
        now_ns_(now_ns),
        seen_s_(std::min(now_ns, folder.looked_at_ns) / 1'000'000'000),
        mine_(workflows_of(folder, scope)) {
    out_.scope = scope;
    out_.title = title_of(folder, scope);
    out_.recent.assign(kRecentSeconds, 0);
  }

  Picture paint() {
    for (const auto& [key, count] : folder_.running_counts) {
      if (mine_.contains(key.first)) running_[key.first] += count;
    }
    for (const uint32_t number : mine_) add_workflow(number, folder_.workflows.at(number));
    settle_status();
    add_activities();
    out_.running_tasks = running_lines(folder_, mine_, now_ns_);
    Troubles troubles = troubles_of(folder_, mine_);
    out_.troubles = std::move(troubles.lines);
    out_.straggler_count = troubles.stragglers;
    add_projection();
    out_.machine = folder_.machine;
    out_.losses = folder_.losses;
    out_.late_s = folder_.late_s;
    out_.is_behind = folder_.is_behind;
    out_.has_uncounted_activities = folder_.tally.has_uncounted_groups();
    return std::move(out_);
  }

 private:
  void add_workflow(uint32_t number, const WorkflowFacts& facts) {
    WorkflowLine line;
    line.id = facts.id.text();
    line.name = facts.name.empty() ? line.id.substr(0, 8) : facts.name;
    const auto campaign = folder_.campaigns.find(facts.campaign);
    if (campaign != folder_.campaigns.end()) line.campaign = campaign->second;
    line.status = facts.status;
    const bool is_running = facts.status == TaskStatus::kRunning;
    line.elapsed_s = elapsed_s(facts.begin_ns, facts.end_ns, is_running, now_ns_);
    if (const Counts* counts = folder_.tally.counts_of(number)) {
      line.ended = counts->ended;
      line.failed = counts->failed;
      line.rate = counts->recent.rate(seen_s_);
      for (int i = 0; i < kRecentSeconds; ++i) {
        out_.recent[static_cast<size_t>(i)] += counts->recent.at(seen_s_ - kRecentSeconds + i);
      }
    }
    if (const auto lost = folder_.lost_counts.find(number); lost != folder_.lost_counts.end()) {
      line.ended += lost->second;
      line.failed += lost->second;
    }
    if (const auto running = running_.find(number); running != running_.end()) {
      line.running = running->second;
    }
    if (const auto energy = folder_.workflow_energy.find(number);
        energy != folder_.workflow_energy.end()) {
      line.energy = energy->second;
    }
    out_.is_empty = false;
    ++out_.workflow_count;
    out_.ended += line.ended;
    out_.running += line.running;
    out_.failed += line.failed;
    out_.rate += line.rate;
    add(line.energy, &out_.energy);
    statuses_.insert(facts.status);
    if (facts.begin_ns) begin_ns_ = std::min(begin_ns_.value_or(*facts.begin_ns), *facts.begin_ns);
    if (facts.end_ns) end_ns_ = std::max(end_ns_.value_or(*facts.end_ns), *facts.end_ns);
    out_.workflows.push_back(std::move(line));
  }

  // Running as long as one runs; else what is worst.
  void settle_status() {
    for (const TaskStatus status :
         {TaskStatus::kRunning, TaskStatus::kLost, TaskStatus::kFailed, TaskStatus::kCancelled,
          TaskStatus::kFinished, TaskStatus::kPending}) {
      if (!statuses_.contains(status)) continue;
      out_.status = status;
      break;
    }
    out_.elapsed_s = elapsed_s(begin_ns_, end_ns_, out_.status == TaskStatus::kRunning, now_ns_);
  }

  void add_activities() {
    struct Sum {
      ActivityLine line;
      Spread finished;
    };
    std::map<std::string, Sum> sums;  // several numbers may have one name
    const auto of = [&](uint32_t activity) -> Sum& {
      const auto name = folder_.activities.find(activity);
      return sums[name == folder_.activities.end() ? "?" : name->second];
    };
    for (const auto& [key, group] : folder_.tally.groups()) {
      if (!mine_.contains(key.first)) continue;
      Sum& sum = of(key.second);
      sum.line.ended += group.counts.ended;
      sum.line.failed += group.counts.failed;
      sum.line.rate += group.counts.recent.rate(seen_s_);
      sum.finished.add(group.finished);
      const auto energy = folder_.activity_energy.find(key);
      if (energy != folder_.activity_energy.end()) add(energy->second, &sum.line.energy);
    }
    for (const auto& [key, count] : folder_.running_counts) {
      if (mine_.contains(key.first)) of(key.second).line.running += count;
    }
    for (auto& [name, sum] : sums) {
      sum.line.name = name;
      if (sum.finished.count() > 0) {
        sum.line.p50_s = sum.finished.quantile_s(0.5);
        sum.line.p95_s = sum.finished.quantile_s(0.95);
        sum.line.sum_s = *sum.line.p50_s * static_cast<double>(sum.finished.count());
      }
      out_.activities.push_back(std::move(sum.line));
    }
  }

  // Behind the activities.
  void add_projection() {
    std::map<std::string, double> medians_s;
    for (const ActivityLine& line : out_.activities) {
      if (line.p50_s) medians_s[line.name] = *line.p50_s;
    }
    out_.projection = project(folder_, mine_, medians_s, now_ns_);
    const TaskRow* const row = responsible(folder_, mine_, now_ns_);
    if (row == nullptr) return;
    out_.dearest.id = task_id(folder_, *row);
    out_.dearest.activity = activity_name(folder_, *row);
    out_.dearest.workflow = folder_.workflows.at(row->workflow).name;
    out_.dearest.elapsed_s = static_cast<double>(now_ns_ - row->begin_ns) * 1e-9;
  }

  const Folder& folder_;
  int64_t now_ns_;
  int64_t seen_s_;  // what ended until then has been seen
  std::set<uint32_t> mine_;
  std::map<uint32_t, int64_t> running_;
  std::set<TaskStatus> statuses_;
  std::optional<int64_t> begin_ns_;
  std::optional<int64_t> end_ns_;
  Picture out_;
};

}  // namespace

Picture make_picture(const Folder& folder, const Scope& scope, int64_t now_ns) {
  return Painter(folder, scope, now_ns).paint();
}

}  // namespace headrace::top

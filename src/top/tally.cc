#include "top/tally.h"

#include <algorithm>

#include "query/stragglers.h"

namespace headrace::top {

void Counts::add(const TaskRow& row, int64_t end_s) {
  ++ended;
  if (row.status == TaskStatus::kFailed || row.status == TaskStatus::kLost) ++failed;
  if (row.status == TaskStatus::kCancelled) ++cancelled;
  recent.add(end_s);
}

void Tally::add(const TaskRow& row, int64_t now_ns) {
  ++rows_;
  const int64_t end_ns = std::min(row.begin_ns + row.duration_ns.value_or(0), now_ns);
  const int64_t end_s = end_ns / 1'000'000'000;
  workflows_[row.workflow].add(row, end_s);
  if (row.status == TaskStatus::kFailed || row.status == TaskStatus::kLost) {
    ++failed_rows_;
    failures_.push_back(row);
    if (failures_.size() > kFailures) failures_.pop_front();
  }
  const std::pair key(row.workflow, row.activity);
  auto found = groups_.find(key);
  if (found == groups_.end()) {
    if (groups_.size() >= kMostGroups) {
      uncounted_ = true;
      return;
    }
    found = groups_.try_emplace(key).first;
  }
  Group& group = found->second;
  group.counts.add(row, end_s);
  if (row.status != TaskStatus::kFinished || !row.duration_ns) return;
  group.finished.add(*row.duration_ns);
  std::vector<TaskRow>& longest = group.longest;
  if (longest.size() == kLongest && *row.duration_ns <= *longest.back().duration_ns) return;
  longest.insert(std::upper_bound(longest.begin(), longest.end(), row,
                                  [](const TaskRow& a, const TaskRow& b) {
                                    return *a.duration_ns > *b.duration_ns;
                                  }),
                 row);
  if (longest.size() > kLongest) longest.pop_back();
}

const Counts* Tally::counts_of(uint32_t workflow) const {
  const auto found = workflows_.find(workflow);
  return found == workflows_.end() ? nullptr : &found->second;
}

const Group* Tally::group_of(uint32_t workflow, uint32_t activity) const {
  const auto found = groups_.find({workflow, activity});
  return found == groups_.end() ? nullptr : &found->second;
}

std::optional<double> straggler_limit_s(const Spread& finished) {
  const query::StragglerOptions usual;
  if (finished.count() < static_cast<uint64_t>(usual.least_tasks)) return std::nullopt;
  return finished.quantile_s(0.5) + usual.deviations * finished.deviation_s();
}

}  // namespace headrace::top

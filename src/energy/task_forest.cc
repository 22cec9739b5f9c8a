#include "energy/task_forest.h"

#include <algorithm>
#include <tuple>

namespace headrace::energy {

TaskForest::TaskForest(std::vector<TaskRow> tasks)
    : tasks_(std::move(tasks)), parents_(tasks_.size(), kNoTask) {
  for (size_t i = 0; i < tasks_.size(); ++i) {
    if (ranges_.empty() || ranges_.back().producer != tasks_[i].producer) {
      ranges_.push_back({tasks_[i].producer, i, 0});
    }
    ++ranges_.back().count;
  }
  std::vector<uint32_t> children(tasks_.size(), 0);
  for (size_t i = 0; i < tasks_.size(); ++i) {
    const TaskRow& task = tasks_[i];
    if (task.parent_seq == 0) continue;
    // Neighbours mostly are siblings.
    const bool as_before = i > 0 && task.parent_seq == tasks_[i - 1].parent_seq &&
                           task.parent_producer == tasks_[i - 1].parent_producer;
    parents_[i] = as_before ? parents_[i - 1] : find(task.parent_producer, task.parent_seq);
    if (parents_[i] == i) parents_[i] = kNoTask;
    if (parents_[i] != kNoTask) ++children[parents_[i]];
  }
  upward_.reserve(tasks_.size());
  for (uint32_t i = 0; i < tasks_.size(); ++i) {
    if (children[i] == 0) upward_.push_back(i);
  }
  for (size_t at = 0; at < upward_.size(); ++at) {
    const uint32_t parent = parents_[upward_[at]];
    if (parent != kNoTask && --children[parent] == 0) upward_.push_back(parent);
  }
}

uint32_t TaskForest::find(uint32_t producer, int64_t seq) const {
  const auto at = std::lower_bound(
      tasks_.begin(), tasks_.end(), std::tuple(producer, seq),
      [](const TaskRow& t, const auto& k) { return std::tuple(t.producer, t.seq) < k; });
  if (at == tasks_.end() || at->producer != producer || at->seq != seq) return kNoTask;
  return static_cast<uint32_t>(at - tasks_.begin());
}

void TaskForest::end_open_tasks(const Range& range, int64_t until_ns) {
  for (size_t i = range.first; i < range.first + range.count; ++i) {
    if (tasks_[i].open) tasks_[i].end_ns = std::max(tasks_[i].begin_ns, until_ns);
  }
}

std::vector<TaskSpan> TaskForest::spans(const Range& range) const {
  std::vector<TaskSpan> out(range.count);
  for (size_t i = 0; i < range.count; ++i) {
    const TaskRow& task = tasks_[range.first + i];
    const uint32_t parent = parents_[range.first + i];
    const bool same = parent != kNoTask && tasks_[parent].producer == range.producer;
    out[i] = {task.begin_ns, task.end_ns,
              same ? static_cast<uint32_t>(parent - range.first) : kNoTask, 0};
  }
  return out;
}

}  // namespace headrace::energy

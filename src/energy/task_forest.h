// Tasks of many processes with their parents, and sums over them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "energy/recorded.h"
#include "energy/task_span.h"

namespace headrace::energy {

class TaskForest {
 public:
  // `tasks` sorted by producer and seq. A parent that is not among them is as none.
  explicit TaskForest(std::vector<TaskRow> tasks);

  size_t size() const { return tasks_.size(); }
  const TaskRow& task(size_t i) const { return tasks_[i]; }
  uint32_t parent(size_t i) const { return parents_[i]; }
  // Children before their parents; a task of a cycle of parents, which damage can make, never.
  const std::vector<uint32_t>& upward() const { return upward_; }

  // The place of a task; kNoTask where it is not there.
  uint32_t find(uint32_t producer, int64_t seq) const;

  // The tasks of one producer: they stand together.
  struct Range {
    uint32_t producer = 0;
    size_t first = 0;
    size_t count = 0;
  };
  const std::vector<Range>& producers() const { return ranges_; }
  // Open tasks end, for now, at `until_ns` of their producer.
  void end_open_tasks(const Range& range, int64_t until_ns);
  // For divide(): places count from range.first, and a parent in another producer is none.
  std::vector<TaskSpan> spans(const Range& range) const;

 private:
  std::vector<TaskRow> tasks_;
  std::vector<uint32_t> parents_;
  std::vector<uint32_t> upward_;
  std::vector<Range> ranges_;
};

}  // namespace headrace::energy

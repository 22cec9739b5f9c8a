// What rows of tasks add up to: counts, rates and durations by workflow and activity. Each row is
// counted once, when it is new, so that a look costs what is new and not what there is.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/status.h"
#include "top/recent.h"
#include "top/spread.h"

namespace headrace::top {

// A task as the store numbers things: workflow, activity and producer are its dictionary numbers.
struct TaskRow {
  uint32_t workflow = 0;
  uint32_t activity = 0;
  TaskStatus status = TaskStatus::kFinished;
  int64_t begin_ns = 0;
  std::optional<int64_t> duration_ns{};  // may be negative: a clock was set
  uint32_t producer = 0;
  int64_t number = 0;  // in its producer
};

struct Counts {
  int64_t ended = 0;      // whatever became of them
  int64_t failed = 0;     // among them
  int64_t cancelled = 0;  // among them
  Recent recent{};

  void add(const TaskRow& row, int64_t end_s);
};

// The tasks of one activity in one workflow.
struct Group {
  Counts counts{};
  Spread finished{};
  std::vector<TaskRow> longest{};  // finished, the longest first, at most kLongest
};

class Tally {
 public:
  static constexpr size_t kLongest = 5;
  static constexpr size_t kFailures = 200;
  // Beyond so many (a workflow and an activity) a new one is counted by its workflow alone.
  static constexpr size_t kMostGroups = 65'536;

  // A task that has ended. `now_ns`: what lies in the future is counted as of now.
  void add(const TaskRow& row, int64_t now_ns);

  const Counts* counts_of(uint32_t workflow) const;
  // Those of a workflow follow each other.
  const std::map<std::pair<uint32_t, uint32_t>, Group>& groups() const { return groups_; }
  const Group* group_of(uint32_t workflow, uint32_t activity) const;
  // The last ones, the newest last.
  const std::deque<TaskRow>& failures() const { return failures_; }
  // Also those that are not kept.
  uint64_t failed_rows() const { return failed_rows_; }
  uint64_t rows() const { return rows_; }
  bool has_uncounted_groups() const { return uncounted_; }

 private:
  std::unordered_map<uint32_t, Counts> workflows_;
  std::map<std::pair<uint32_t, uint32_t>, Group> groups_;
  std::deque<TaskRow> failures_;
  uint64_t rows_ = 0;
  uint64_t failed_rows_ = 0;
  bool uncounted_ = false;
};

// Beyond this a finished task of the group is a straggler; nothing while there are fewer than five.
std::optional<double> straggler_limit_s(const Spread& finished);

}  // namespace headrace::top

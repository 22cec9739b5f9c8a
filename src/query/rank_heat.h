// What each rank did over time: a row for each rank (or process, where there are no ranks), a
// column for each stretch of time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "query/task_lanes.h"

namespace headrace::query {

enum class HeatQuantity : uint8_t {
  kBusy,    // the share of the time in which some outermost task of a thread ran; over threads
  kTasks,   // tasks that began
  kFailed,  // of them, those that failed or were lost
  kPower    // J of the outermost tasks spread evenly over their time, in W; NaN where unknown
};

struct RankHeat {
  std::vector<Lane> ranks;  // of them host, process and rank count
  int64_t from_ns = 0;
  int64_t to_ns = 0;
  size_t bins = 0;
  std::vector<double> values;  // ranks x bins, by rank
};

// Cost: a look at each task, more for those that reach over many bins.
RankHeat rank_heat(const TaskLanes& all, HeatQuantity quantity, size_t bins);

}  // namespace headrace::query

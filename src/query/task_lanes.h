// The tasks of a workflow or campaign in their lanes, as columns in memory: what a picture of any
// part of them, at any scale, is cut from (task_window.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "query/identify.h"
#include "query/lanes.h"
#include "query/session.h"

namespace headrace::query {

struct TaskLanes {
  std::vector<Lane> lanes;
  std::vector<std::string> activities;
  int64_t begin_ns = 0;  // of all; equal when there is none
  int64_t end_ns = 0;
  // By lane, then by begin. Lane i has the rows [first[i], first[i + 1]).
  std::vector<size_t> first;
  std::vector<int64_t> start_ns;
  std::vector<int64_t> duration_ns;   // -1: not ended, or it is not known when
  std::vector<uint32_t> activity;     // of `activities`
  std::vector<uint8_t> status;        // model/status.h
  std::vector<float> energy_j;        // NaN: unknown
  std::vector<uint8_t> is_outermost;  // lies in no other task
  std::vector<Uuid> id;

  size_t tasks() const { return start_ns.size(); }
};

// `of`: a workflow or campaign; nullptr: all there is. Cost: about 0.3 s and 40 MB a million tasks;
// with energy, about three times that.
Result<std::shared_ptr<const TaskLanes>> read_task_lanes(const Session& session, const Thing* of,
                                                         bool with_energy);

}  // namespace headrace::query

// What the store holds that energy is made of: sensors with their samples, and tasks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "energy/changed.h"
#include "energy/timeline.h"
#include "store/database.h"

namespace headrace::energy {

struct SensorSeries {
  uint32_t producer = 0;
  std::string hostname;
  std::string name;
  std::string quantity;
  std::string domain;
  std::string source;
  std::string truth;
  std::string method;
  std::string assumption;
  std::string device;
  double scale = 1;
  uint64_t range = 0;
  std::vector<RawSample> samples;
};

// The sensors that matter here, of these producers: energy counters, CPU time of processes and of
// the node, use of GPUs.
Result<std::vector<SensorSeries>> read_sensors(const store::Connection& connection,
                                               const std::vector<Mark>& producers);

struct TaskRow {
  uint32_t producer = 0;
  int64_t seq = 0;
  int64_t begin_ns = 0;
  int64_t end_ns = 0;  // begin_ns while open
  uint32_t parent_producer = 0;
  int64_t parent_seq = 0;  // 0: none
  bool open = false;
  uint32_t activity = 0;  // the store's numbers; 0: none
  uint32_t workflow = 0;
};
// Sorted by producer and seq, each task once.
Result<std::vector<TaskRow>> read_tasks(const store::Connection& connection,
                                        const std::vector<Mark>& producers);

}  // namespace headrace::energy

// An emulated fine-tuning campaign of which everything is known: what ran when, on which machine,
// what the machine's parts drew meanwhile, and what each task used and generated.
//
// Power changes in steps, at whole tenths of a second of a clock that nobody reads, so that every
// joule is a sum of products. It is made up: no device was measured.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/id.h"

namespace headrace::questions {

// What every machine of the study is made of.
constexpr double kCpus = 8;
constexpr double kCpu_w = 20;    // a busy CPU; an idle one draws a tenth of it
constexpr double kMemory_w = 2;  // for each busy CPU; for each idle one a tenth
constexpr double kOther_w = 50;  // disks, network, fans: counted by the node's sensor alone
constexpr double kIdleGpu_w = 60;
constexpr double kEstimate_w = 10;  // a busy CPU of the machine without sensors, as it is taken
constexpr int64_t kIdle_c = 40;
constexpr uint64_t kTooHot = 0x40;

using PlannedValue = std::variant<double, int64_t, std::string, Uuid>;
using PlannedValues = std::vector<std::pair<std::string, PlannedValue>>;

// What a machine does for some time. Temperature goes to `to_c` within the first second.
struct Stretch {
  int64_t begin_ms = 0;
  int64_t end_ms = 0;
  double gpu_w = kIdleGpu_w;
  double gpu_use = 0;
  double cpus = 0;  // busy
  double disk_use = 0;
  int64_t to_c = kIdle_c;
  uint64_t throttle = 0;
  int task = -1;  // that runs itself
};

struct PlannedTask {
  std::string activity;
  size_t workflow = 0;
  int parent = -1;
  int64_t begin_ms = 0;
  int64_t end_ms = 0;
  PlannedValues used{};
  PlannedValues generated{};
};

struct PlannedWorkflow {
  std::string name;
  size_t host = 0;
  int64_t begin_ms = 0;
  int64_t end_ms = 0;
  std::vector<Stretch> stretches{};
};

struct PlannedObject {
  Uuid id;
  std::string kind;
  std::string name;
};

// A point of the study that stands out.
struct Marks {
  int throttled = -1;  // task whose device was too hot
  int64_t throttled_begin_ms = 0;
  int64_t throttled_end_ms = 0;
  int straggler = -1;
  int anomaly = -1;  // draws more than its like
};

struct StudyPlan {
  std::vector<std::string> hosts{"node-a", "node-b", "login"};  // the last without sensors
  std::vector<PlannedWorkflow> workflows;
  std::vector<PlannedTask> tasks;
  std::vector<PlannedObject> objects;
  Marks marks;
};

constexpr size_t kTrainings = 16;
constexpr int kEpochs = 4;

StudyPlan plan_study();

}  // namespace headrace::questions

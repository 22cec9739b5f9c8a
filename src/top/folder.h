// What is known of a folder after a look: names, the tally of its tasks, what runs, what the
// sensors read, what was lost. A picture is made of it; tests make one by hand.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/id.h"
#include "model/status.h"
#include "top/tally.h"

namespace headrace::top {

struct WorkflowFacts {
  Uuid id{};
  std::string name{};
  Uuid campaign{};  // nil without
  Uuid parent{};    // nil without
  TaskStatus status = TaskStatus::kRunning;
  std::optional<int64_t> begin_ns{};
  std::optional<int64_t> end_ns{};
  uint32_t producer = 0;
};

struct Process {
  ProducerId id = 0;
  std::string hostname{};
  int64_t pid = 0;
  std::optional<int64_t> rank{};
  bool is_running = false;
};

struct Joules {
  std::optional<double> energy_j{};
  std::string truth{};  // measured, mixed, estimated, emulated
};

// Of all machines whose processes run.
struct Machine {
  std::optional<double> power_w{};
  std::string power_truth{};
  std::optional<double> gpu_share{};  // busy, on average of all GPUs
  std::optional<double> cpu_share{};
  std::optional<double> memory_used_bytes{};
  double memory_bytes = 0;
  size_t gpus = 0;
  size_t hosts = 0;
  // The sampler's CPU time by that of the processes it runs in.
  std::optional<double> overhead_share{};
};

// Records, of all processes.
struct Losses {
  int64_t dropped = 0;      // given up by the process, which counted them
  int64_t missing = 0;      // nothing says why
  int64_t quarantined = 0;  // their bytes are kept aside
  int64_t waiting = 0;      // in a ring, a segment, on the way
  bool any() const { return dropped + missing + quarantined > 0; }
};

// The last value of a metric (hr.log) that came with the last look.
struct MetricPoint {
  uint32_t workflow = 0;
  std::string name{};
  std::string value{};  // as JSON has it
  int64_t time_ns = 0;
};

struct Folder {
  std::map<uint32_t, WorkflowFacts> workflows{};  // by the store's number: in order of appearance
  std::unordered_map<Uuid, std::string> campaigns{};
  std::unordered_map<uint32_t, std::string> activities{};
  std::unordered_map<uint32_t, Process> processes{};

  Tally tally{};
  // Tasks that have not ended, the oldest first, at most kMostRunning; and how many by workflow.
  static constexpr size_t kMostRunning = 1000;
  std::vector<TaskRow> running{};
  std::map<std::pair<uint32_t, uint32_t>, int64_t> running_counts{};  // by workflow and activity

  // Open when their process died: the first kMostRunning, and how many by workflow.
  std::vector<TaskRow> lost{};
  std::unordered_map<uint32_t, int64_t> lost_counts{};
  std::vector<MetricPoint> metrics{};

  std::unordered_map<uint32_t, Joules> workflow_energy{};
  std::map<std::pair<uint32_t, uint32_t>, Joules> activity_energy{};  // by workflow and activity
  Machine machine{};
  Losses losses{};

  double late_s = 0;         // how long what is new waits until it is seen
  bool is_behind = false;    // more was there than one look takes in
  int64_t looked_at_ns = 0;  // realtime, when the last look began; 0 before the first
};

}  // namespace headrace::top

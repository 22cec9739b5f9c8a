// What the instruments of machines showed over time: gauges as they were read, counters as rates.
//
//   Result<Readings> readings = read_readings(session, times);
//   const Steps& node = readings->node_power("node-a");
//   node.over({begin_ns, end_ns}).mean();
//
// A reading holds until the next one, for three seconds at most; beyond that, and where a reading
// failed or a counter fell, nothing is known. A rate holds between the two readings that it is of.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/own_time.h"

namespace headrace::query {

struct Step {
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
  double value = 0;
};

// What was seen of a quantity in a time.
struct Seen {
  double covered_s = 0;
  double sum = 0;  // value x seconds
  double most = -std::numeric_limits<double>::infinity();

  std::optional<double> mean() const {
    return covered_s > 0 ? std::optional(sum / covered_s) : std::nullopt;
  }
  std::optional<double> peak() const { return covered_s > 0 ? std::optional(most) : std::nullopt; }
  void add(const Seen& other);
};

// A quantity over time; its steps are in order and do not overlap.
class Steps {
 public:
  Steps() = default;
  explicit Steps(std::vector<Step> steps) : steps_(std::move(steps)) {}
  bool empty() const { return steps_.empty(); }
  const std::vector<Step>& all() const { return steps_; }
  // Cost: a search and the steps in it.
  Seen over(TimeSpan span) const;
  double seconds_above(TimeSpan span, double value) const;
  // The first step that ends after `at_ns`.
  size_t first_after(int64_t at_ns) const;

 private:
  std::vector<Step> steps_;
};

// At every moment the mean, the most or the sum of those that are known; of a sum only where all
// are.
enum class Joined : uint8_t { kMean, kMost, kSum };
Steps joined(const std::vector<const Steps*>& parts, Joined how);

struct Throttling {
  std::string device;
  std::string domain;
  Steps reasons;  // as NVML has them: a set of bits
};

struct HostReadings {
  Steps gpu_use;         // 0 to 1, mean over its GPUs
  Steps celsius;         // of its hottest GPU
  Steps cpu_use;         // 0 to 1, of all CPUs
  Steps disk_use;        // 0 to 1, of its busiest disk
  Steps power_w;         // of the whole machine
  std::string power_of;  // what that is the sum of: "node", or "node/cpu-0 + node/gpu-0"
  std::vector<Throttling> throttling;
  size_t gpus = 0;
};

class Readings {
 public:
  const HostReadings& of(const std::string& hostname) const;
  std::map<std::string, HostReadings> hosts;
};

// Of these machines, from a little before the first to a little after the last of the tasks.
Result<Readings> read_readings(const Session& session, const OwnTimes& times);

}  // namespace headrace::query

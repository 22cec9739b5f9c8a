// One provider at work: its sensors, which of its readings become records.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "capture/recorder.h"
#include "telemetry/change_filter.h"
#include "telemetry/provider.h"

namespace headrace::telemetry {

// The value of the CPU counters when capture began, read on the thread that began it: so a task
// that starts before the first sweep is covered too.
struct Baseline {
  uint64_t at_ticks = 0;
  uint64_t cpu_ns = 0;
};

class Station {
 public:
  explicit Station(std::unique_ptr<Provider> provider) : provider_(std::move(provider)) {}

  // Makes the sensors of `probe` known, and records `baseline` for those that it is known of.
  void begin(capture::Recorder& recorder, const Probe& probe, const Baseline& baseline);
  // Reads all sensors once and records what is worth it. The time of a reading is the middle of its
  // provider's sweep, whose ends are read around it, unless its source says when it took it.
  // Returns the number of records.
  size_t sweep(capture::Recorder& recorder, bool force);
  Provider& provider() { return *provider_; }
  size_t channels() const { return channels_.size(); }

 private:
  struct Channel {
    uint32_t sensor_id;
    uint8_t flags;
    ChangeFilter filter;
  };
  size_t record(capture::Recorder& recorder, Channel& channel, const Reading& reading,
                uint64_t at_ticks, int64_t now_ns, bool force);

  uint64_t ticks_of(int64_t taken_ns, uint64_t at_ticks, int64_t now_ns) const;

  std::unique_ptr<Provider> provider_;
  uint64_t begin_ticks_ = 0;
  int64_t begin_ns_ = 0;
  std::vector<Channel> channels_;
  std::vector<Reading> readings_;
};

}  // namespace headrace::telemetry

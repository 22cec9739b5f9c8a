// Sensors of a recording: a text file named by HEADRACE_REPLAY in place of the node's own sensors.
//
//   sensor rapl.package-0 hw.energy J counter node/cpu-0 powercap 1e-06 262143328850
//   sample 0 0 71234567            ns since the recording began, the sensor's place from 0, raw
//   sample 100000000 0 gap denied
//
// Each sample is shown once, in its order and with its own time, counted from when the file was
// opened; where the sampler reads more slowly than was recorded they come late. What was recorded
// of them is what was recorded before (ChangeFilter passes on changes and heartbeats alike).
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "telemetry/provider.h"

namespace headrace::telemetry {

class Replay : public Provider {
 public:
  explicit Replay(std::string path, std::function<int64_t()> now_ns = now_monotonic_ns)
      : path_(std::move(path)), now_ns_(std::move(now_ns)) {}
  Probe probe() override;
  void sweep(std::span<Reading> readings) override;

 private:
  struct Recorded {
    int64_t at_ns = 0;  // since the recording began
    Reading reading;
  };
  Status parse(std::string_view text, Probe& probe);

  const std::string path_;
  const std::function<int64_t()> now_ns_;
  int64_t begin_ns_ = 0;
  std::vector<std::deque<Recorded>> waiting_;  // by sensor
  std::vector<Reading> shown_;                 // the last of each
};

// HEADRACE_REPLAY, or nothing.
std::string replay_from_environment();

// A line of such a file, without its end.
std::string recorded_line(const Sensor& sensor);
std::string recorded_line(int64_t at_ns, size_t sensor, const Reading& reading);

}  // namespace headrace::telemetry

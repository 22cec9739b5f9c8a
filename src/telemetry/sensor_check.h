// What a sensor is like, found out from its readings under a load that went on and off at known
// times: how often it refreshes and how regularly, in which steps, how much of the time it looks
// at, and how late it shows what it saw.
//
// Each refresh shows the mean power of some stretch of time: of a counter the joules since the
// refresh before by the time since, of a gauge its value. The stretch that ended `latency` before
// the refresh and was `window` long is taken to be the one whose share of load explains the
// readings best (least squares over a grid of both), which gives the base and the amplitude too.
// After the square waves of arXiv 2604.06056; the model of a part-time sensor is that of arXiv
// 2312.02741.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/sensor.h"
#include "telemetry/survey.h"

namespace headrace::telemetry {

// The load was on, on the monotonic clock.
struct LoadSpan {
  int64_t from_ns = 0;
  int64_t to_ns = 0;
};

struct CheckedReading {
  int64_t at_ns = 0;
  uint64_t raw = 0;
};

struct SensorFinding {
  size_t changes = 0;
  std::optional<int64_t> period_ns;  // between refreshes
  std::optional<double> jitter;      // standard deviation, of a period
  std::optional<double> quantum;     // the smallest step seen, in the sensor's unit
  double follows = 0;                // R^2 of the fit: how much of what it shows is the load
  // Where it follows the load; in watts.
  std::optional<double> base_w;
  std::optional<double> amplitude_w;
  std::optional<int64_t> latency_ns;  // from the end of what it looked at until it shows it
  std::optional<int64_t> window_ns;   // what it looked at
  std::optional<double> duty;         // window / period, at most 1
  std::string verdict;                // in words
};

// `readings` in the order of time, of a sensor in J or W; `resolution_ns`: the usual time between
// two of them, below which nothing can be told.
SensorFinding characterise(const Sensor& sensor, std::span<const CheckedReading> readings,
                           std::span<const LoadSpan> load, int64_t resolution_ns);

// What puts the load on and takes it away.
class Load {
 public:
  Load() = default;
  virtual ~Load() = default;
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  // Begins; told again and again, it does what is due.
  virtual void keep(int64_t now_ns) = 0;
  // When it was on, so far; the end of one that is on is `now_ns`.
  virtual std::vector<LoadSpan> spans(int64_t now_ns) const = 0;
};

struct CheckedSensor {
  Sensor sensor;
  SensorFinding finding;
};

// Reads all sensors of energy and power of these providers, about once a millisecond, for
// `duration_ns` under the load.
std::vector<CheckedSensor> check_sensors(Providers providers, Load& load, int64_t duration_ns);

}  // namespace headrace::telemetry

// How well each sensor was read in a window of time, and where it was not, with why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/json.h"
#include "query/session.h"

namespace headrace::query {

struct SensorReading {
  int64_t sensor = 0;  // sensor_id
  int64_t readings = 0;
  int64_t failed = 0;
  std::optional<double> period_s;  // the middle one of the times between readings
  std::optional<double> coverage;  // the share of the time from its first to its last that is known
};

// From the first reading that failed, or the last before nobody read, to the next that is known.
struct SensorGap {
  int64_t sensor = 0;
  int64_t from_ns = 0;  // since 1970
  int64_t to_ns = 0;
  std::string reason;    // as in task_energy.reason: "no permission", "not read", ...
  int64_t readings = 0;  // that failed; 0: nobody read
};

struct SensorGaps {
  std::vector<SensorReading> sensors;
  std::vector<SensorGap> gaps;  // by sensor, then by time; where there are too many the longest
  int64_t gaps_left = 0;        // not given
};

// Of the readings in [from, to); unset: all there are. A sensor without one is not there. What does
// not change is recorded once a second, so longer than 3 s without a reading is a gap. Cost: one
// pass over the samples of the window, sorted by sensor.
Result<SensorGaps> sensor_gaps(const Session& session, std::optional<int64_t> from_ns,
                               std::optional<int64_t> to_ns);

Json sensor_gaps_json(const SensorGaps& gaps);

}  // namespace headrace::query

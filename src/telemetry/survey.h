// What there is to read on this machine, for this user, now: every sensor with what it shows and
// how often it really refreshes, and every source that cannot be read with the reason.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "telemetry/sampler.h"
#include "telemetry/telemetry.h"

namespace headrace::telemetry {

struct SurveyedSensor {
  Sensor sensor;
  std::string source;           // the source's name, as in Survey::sources
  std::optional<double> value;  // in the sensor's unit, of a counter what it counted altogether
  // Between changes that were seen; nothing where it changed less than three times.
  std::optional<int64_t> seen_period_ns;
  int64_t said_period_ns = 0;  // 0: the source does not say
};

struct Survey {
  std::vector<SurveyedSensor> sensors;
  std::vector<Source> sources;
};

// Reads all sensors of these providers again and again for `patience_ns`, or until each has changed
// five times. A period shorter than the least time between two sweeps, about a millisecond, cannot
// be told from it.
Survey survey(Providers providers, int64_t patience_ns);
// Of all providers.
Survey survey(int64_t patience_ns);

}  // namespace headrace::telemetry

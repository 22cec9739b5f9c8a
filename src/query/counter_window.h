// What a sensor read, at the scale of a screen: least, greatest and mean of each pixel. A counter
// (joules, bytes) becomes its rate, so that what is drawn is watts or bytes a second.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "query/result_table.h"
#include "query/session.h"

namespace headrace::query {

struct CounterQuestion {
  std::string sensor;                // its number or name; of a name all sensors are given
  std::optional<int64_t> from_ns{};  // unset: from the first reading
  std::optional<int64_t> to_ns{};
  size_t width = 1000;  // pixels
};

// Columns: sensor_id, sensor, hostname, pid, domain, at_ns (a pixel's left edge), min, max, mean,
// readings; by sensor, then by time. The unit of min, max and mean is the sensor's, or of a counter
// its unit a second. Pixels without a reading have no row: a gap is a gap. Errors: kNotFound for a
// sensor that is not there, with the nearest names. Cost: one pass over its samples.
Result<ResultTable> counter_window(const Session& session, const CounterQuestion& question);

}  // namespace headrace::query

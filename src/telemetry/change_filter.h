// Which readings of one sensor are worth a record: changes, the last reading before a change, the
// beginning of a gap, and a sign of life each second.
#pragma once

#include <cstdint>

#include "telemetry/provider.h"

namespace headrace::telemetry {

struct Sample {
  uint64_t at_ticks = 0;
  uint64_t raw = 0;
  bool gap = false;
  ReadFailure why = ReadFailure::kFailed;  // of a gap
};

class ChangeFilter {
 public:
  static constexpr int64_t kHeartbeat_ns = 1'000'000'000;

  explicit ChangeFilter(const SensorSpec& spec)
      : keeps_edges_(spec.keeps_edges), only_heartbeat_(spec.only_heartbeat) {}

  // Writes to `out` (room for two) what this reading, made at `at_ticks` and `now_ns` on the
  // monotonic clock, makes worth recording; returns how many. `force`: it in any case.
  int push(const Reading& reading, uint64_t at_ticks, int64_t now_ns, bool force, Sample* out);

 private:
  const bool keeps_edges_;
  const bool only_heartbeat_;
  bool any_ = false;
  Sample last_;  // read
  bool last_written_ = false;
  int64_t written_ns_ = 0;
  uint64_t written_ticks_ = 0;
};

}  // namespace headrace::telemetry

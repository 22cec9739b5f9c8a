// The process's CPU time, read by the program's own threads where tasks begin and end.
//
// The sampler's readings are a tenth of a second apart and more; what a task of a second computed
// is told from them to some percent only, and two processes' shares of a core to some points. A
// reading costs less than a microsecond, and there is none within 10 ms of another.
#pragma once

#include <cstdint>

#include "capture/recorder.h"

namespace headrace::telemetry {

// From now on, as samples of that sensor. `step_ticks`: the least time between two. One at a time
// for the process; again to change it.
void read_cpu_at_edges(capture::Recorder& recorder, uint32_t sensor_id, uint64_t step_ticks);
// From now on not; in a fork child too.
void stop_reading_at_edges();

}  // namespace headrace::telemetry

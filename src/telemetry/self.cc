#include "telemetry/self.h"

#include <cmath>

#include "base/clock.h"

namespace headrace::telemetry {

Probe Self::probe() {
  Probe probe;
  const auto add = [&](const char* name, const char* unit, double scale,
                       SensorKind kind = SensorKind::kCounter) {
    SensorSpec spec;
    spec.sensor.name = name;
    spec.sensor.quantity = name;
    spec.sensor.unit = unit;
    spec.sensor.kind = kind;
    spec.sensor.domain = "process/sampler";
    spec.sensor.source = "headrace";
    spec.sensor.scale = scale;
    // It changes with every sweep because of the sweep: once a second is enough.
    spec.only_heartbeat = true;
    probe.sensors.push_back(std::move(spec));
  };
  add("headrace.sampler.cpu_time", "s", 1e-9);
  add("headrace.sampler.sweeps", "1", 1);
  add("headrace.sampler.late", "1", 1);
  add("headrace.sampler.slowdown", "1", 0.01, SensorKind::kGauge);
  return probe;
}

void Self::sweep(std::span<Reading> readings) {
  readings[0].set(static_cast<uint64_t>(read_clock_ns(CLOCK_THREAD_CPUTIME_ID)));
  readings[1].set(sweeps);
  readings[2].set(late);
  readings[3].set(static_cast<uint64_t>(std::llround(100 * slowdown)));
}

}  // namespace headrace::telemetry

#include "telemetry/estimate.h"

#include "base/clock.h"
#include "telemetry/cpu_power.h"
#include "telemetry/kept_file.h"
#include "telemetry/powercap.h"

namespace headrace::telemetry {

Probe Estimate::probe() {
  Probe probe;
  Source source;
  source.name = "estimate";
  source.energy = true;
  source.truth = Truth::kEstimated;
  source.domains = "node/cpu";
  if (Powercap(roots_).reads_a_package()) {
    source.detail = "not needed: the CPU's energy is measured";
    probe.sources.push_back(std::move(source));
    return probe;
  }
  const CpuPower power = assume_cpu_power(read_once(roots_.proc + "/cpuinfo").value_or(""));
  SensorSpec spec;
  spec.counts_cpu_ns = true;
  Sensor& sensor = spec.sensor;
  sensor.name = "estimate.cpu";
  sensor.quantity = "hw.energy";
  sensor.unit = "J";
  sensor.kind = SensorKind::kCounter;
  sensor.domain = "node/cpu";
  sensor.source = "estimate";
  sensor.truth = Truth::kEstimated;
  sensor.method = kCpuTimeEstimate;
  sensor.assumption = power.assumption;
  sensor.device = power.model;
  sensor.scale = power.busy_w * 1e-9;  // raw is the process's CPU time in ns
  source.readable = true;
  source.method = sensor.method + ": " + sensor.assumption;
  probe.sensors.push_back(std::move(spec));
  probe.sources.push_back(std::move(source));
  return probe;
}

void Estimate::sweep(std::span<Reading> readings) {
  if (readings.empty()) return;
  readings[0].set(static_cast<uint64_t>(read_clock_ns(CLOCK_PROCESS_CPUTIME_ID)));
}

}  // namespace headrace::telemetry

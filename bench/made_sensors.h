// Sensors as a process of a made store has them: a package's energy, its own processor time.
#pragma once

#include "model/sensor.h"

namespace headrace::bench {

inline Sensor package_energy() {
  Sensor out;
  out.name = "rapl.package-0";
  out.quantity = "hw.energy";
  out.unit = "J";
  out.kind = SensorKind::kCounter;
  out.domain = "node/cpu-0";
  out.source = "powercap";
  out.scale = 1e-6;
  return out;
}

inline Sensor process_cpu_time() {
  Sensor out;
  out.name = "process.cpu_time";
  out.quantity = "process.cpu.time";
  out.unit = "s";
  out.kind = SensorKind::kCounter;
  out.domain = "process";
  out.source = "proc";
  out.scale = 1e-9;
  return out;
}

}  // namespace headrace::bench

// A provider's readings by the names of its sensors.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "telemetry/provider.h"

namespace headrace::telemetry {

using Values = std::map<std::string, std::optional<uint64_t>>;

inline Values sweep(Provider& provider, const Probe& probe) {
  std::vector<Reading> readings(probe.sensors.size());
  provider.sweep(readings);
  Values out;
  for (size_t i = 0; i < readings.size(); ++i) {
    out[probe.sensors[i].sensor.name] =
        readings[i].ok ? std::optional(readings[i].raw) : std::nullopt;
  }
  return out;
}

inline const Sensor* sensor_named(const Probe& probe, const std::string& name) {
  for (const SensorSpec& spec : probe.sensors) {
    if (spec.sensor.name == name) return &spec.sensor;
  }
  return nullptr;
}

}  // namespace headrace::telemetry

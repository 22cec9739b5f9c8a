// A sensor in one line, for providers that make many.
#pragma once

#include <string>
#include <string_view>

#include "telemetry/provider.h"

namespace headrace::telemetry {

// What is read, in which unit, and what a raw step is of it.
struct Quantity {
  const char* name;
  const char* unit;
  SensorKind kind;
  double scale;
};

constexpr Quantity kEnergy_uj{"hw.energy", "J", SensorKind::kCounter, 1e-6};
constexpr Quantity kPower_uw{"hw.power", "W", SensorKind::kGauge, 1e-6};
constexpr Quantity kTemperature_mc{"hw.temperature", "Cel", SensorKind::kGauge, 1e-3};

inline SensorSpec made_sensor(std::string name, const Quantity& quantity, std::string domain,
                              std::string source, std::string device = {}) {
  SensorSpec spec;
  spec.sensor.name = std::move(name);
  spec.sensor.quantity = quantity.name;
  spec.sensor.unit = quantity.unit;
  spec.sensor.kind = quantity.kind;
  spec.sensor.scale = quantity.scale;
  spec.sensor.domain = std::move(domain);
  spec.sensor.source = std::move(source);
  spec.sensor.device = std::move(device);
  return spec;
}

// Adds `item` to a list in words.
inline void append_to(std::string& list, std::string_view item, const char* between = "; ") {
  if (!list.empty()) list += between;
  list += item;
}

}  // namespace headrace::telemetry

// A sensor: what is read, in which unit, from where, and how far it can be trusted.
//
// It travels as a dictionary entry (a nested map with these names as keys) and is a row of the view
// `sensor`. A sample is a raw 64-bit reading; its value in `unit` is raw * scale, after unwrapping
// a counter that wraps at `range`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace headrace {

enum class SensorKind : uint8_t { kCounter = 0, kGauge = 1 };
// measured: read from hardware or the kernel. mixed: measured, then divided by a model.
// estimated: computed from something else, by `method` under `assumption`.
enum class Truth : uint8_t { kMeasured = 0, kMixed = 1, kEstimated = 2 };

constexpr std::string_view name_of(SensorKind kind) {
  return kind == SensorKind::kCounter ? "counter" : "gauge";
}
constexpr std::string_view name_of(Truth truth) {
  switch (truth) {
    case Truth::kMeasured: return "measured";
    case Truth::kMixed: return "mixed";
    case Truth::kEstimated: return "estimated";
  }
  return "unknown";
}

struct Sensor {
  std::string name;      // unique in a producer: "rapl.package-0", "process.cpu_time"
  std::string quantity;  // OpenTelemetry's name: hw.energy, process.cpu.time, ...
  std::string unit;      // J, W, s, By, Cel, 1
  SensorKind kind = SensorKind::kGauge;
  std::string domain;  // path in the containment tree: node, node/cpu-0, node/gpu-0, process
  std::string source;  // powercap, nvml, proc, ...
  Truth truth = Truth::kMeasured;
  std::string method;      // how an estimate is made; empty when measured
  std::string assumption;  // what an estimate takes for granted, with its numbers
  std::string device;      // a device's own identity: PCI address, UUID, model
  double scale = 1;        // unit per raw step
  uint64_t range = 0;      // a counter wraps here; 0: it does not
};

}  // namespace headrace

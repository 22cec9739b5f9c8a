// How NVML's readings are described as sensors.
#pragma once

#include <array>

#include "telemetry/made_sensor.h"
#include "telemetry/nvml_api.h"

namespace headrace::telemetry::nvml {

struct Described {
  const char* suffix;  // of the GPU's name
  Quantity quantity;
};
constexpr Described kEnergy{".energy", {"hw.energy", "J", SensorKind::kCounter, 1e-3}};
constexpr Described kPower{".power", {"hw.power", "W", SensorKind::kGauge, 1e-3}};
constexpr Described kTemperature{".temperature", {"hw.temperature", "Cel", SensorKind::kGauge, 1}};
constexpr Described kUse{".utilization", {"hw.gpu.utilization", "1", SensorKind::kGauge, 0.01}};
constexpr Described kMemoryUse{".memory_utilization",
                               {"hw.gpu.memory.utilization", "1", SensorKind::kGauge, 0.01}};
constexpr Described kMemory{".memory", {"hw.gpu.memory.usage", "By", SensorKind::kGauge, 1}};
constexpr Described kClock{".clock", {"hw.gpu.clock", "Hz", SensorKind::kGauge, 1e6}};
constexpr Described kMemoryClock{".memory_clock", {"hw.gpu.clock", "Hz", SensorKind::kGauge, 1e6}};
// Bits as NVML has them: 1 idle, 4 power limit, 8 slowdown, 0x20 and 0x40 too hot, 0x80 power
// brake.
constexpr Described kThrottle{".throttle_reasons",
                              {"hw.gpu.throttle_reasons", "1", SensorKind::kGauge, 1}};

// What is asked for in one call. The scope stands in the sensor's method.
struct Field {
  unsigned field;
  unsigned scope;
  Described described;
  const char* method;
};
constexpr std::array<Field, 6> kFields{{
    {kFieldEnergy, 0, kEnergy, "NVML field 83"},
    {kFieldPowerInstant, 0, {".power_instant", kPower.quantity}, "NVML field 186, scope GPU"},
    {kFieldPowerAverage, 0, {".power_average", kPower.quantity}, "NVML field 185, scope GPU"},
    {kFieldPowerInstant, 1, {".module_power", kPower.quantity}, "NVML field 186, scope module"},
    {kFieldPowerInstant, 2, {".memory_power", kPower.quantity}, "NVML field 186, scope memory"},
    {kFieldMemoryTemperature, 0, {".memory_temperature", kTemperature.quantity}, "NVML field 82"},
}};

inline SensorSpec spec_of(const Described& described, const Sensor& base) {
  return made_sensor(base.name + described.suffix, described.quantity, base.domain, base.source,
                     base.device);
}

}  // namespace headrace::telemetry::nvml

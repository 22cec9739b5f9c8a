// The part of NVIDIA's management library that is used, declared here so that nothing of it is
// needed to build. Names, layouts and values: NVML API reference (nvml.h), stable since driver 410.
#pragma once

#include <string>

#include "base/status.h"

namespace headrace::telemetry::nvml {

struct Device;  // opaque
struct Utilization {
  unsigned gpu;     // percent of the last period in which a kernel ran
  unsigned memory;  // percent in which memory was read or written
};
struct Memory {
  unsigned long long total_bytes;
  unsigned long long free_bytes;
  unsigned long long used_bytes;
};
union FieldNumber {
  double real;
  unsigned number;
  unsigned long long long_number;
};
// A field is asked for by its number and, for powers, a scope: 0 GPU, 1 module, 2 memory.
struct FieldValue {
  unsigned field;
  unsigned scope;
  long long at_us;
  long long latency_us;
  int type;  // of value: 1 number, 2 and 3 long_number
  int error;
  FieldNumber value;
};
struct ProcessUse {  // nvmlProcessUtilizationSample_t
  unsigned pid;
  unsigned long long at_us;
  unsigned sm_percent;  // of the time since the sample before
  unsigned memory_percent;
  unsigned encoder_percent;
  unsigned decoder_percent;
};
constexpr unsigned kFieldMemoryTemperature = 82;
constexpr unsigned kFieldEnergy = 83;
constexpr unsigned kFieldPowerAverage = 185;  // over a second
constexpr unsigned kFieldPowerInstant = 186;
constexpr int kClockSm = 1;
constexpr int kClockMemory = 2;
constexpr int kSuccess = 0;
constexpr int kNotSupported = 3;
constexpr int kNoPermission = 4;
constexpr int kNotFound = 6;
constexpr int kInsufficientSize = 7;
constexpr int kGpuIsLost = 15;
constexpr int kTemperatureGpu = 0;
constexpr unsigned kUuidBytes = 96;
constexpr unsigned kNameBytes = 96;

// Its functions; those that an old driver lacks are null.
struct Api {
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  const char* (*error_string)(int) = nullptr;
  int (*driver_version)(char*, unsigned) = nullptr;
  int (*device_count)(unsigned*) = nullptr;
  int (*device_by_index)(unsigned, Device**) = nullptr;
  int (*uuid)(Device*, char*, unsigned) = nullptr;
  int (*name)(Device*, char*, unsigned) = nullptr;
  int (*total_energy_mj)(Device*, unsigned long long*) = nullptr;
  int (*power_mw)(Device*, unsigned*) = nullptr;
  int (*temperature_c)(Device*, int, unsigned*) = nullptr;
  int (*utilization)(Device*, Utilization*) = nullptr;
  int (*memory)(Device*, Memory*) = nullptr;
  int (*fields)(Device*, int, FieldValue*) = nullptr;
  int (*clock_mhz)(Device*, int, unsigned*) = nullptr;
  int (*throttle_reasons)(Device*, unsigned long long*) = nullptr;
  // What is newer than the last argument, in microseconds; kNotFound: nothing is.
  int (*process_use)(Device*, ProcessUse*, unsigned*, unsigned long long) = nullptr;
  int (*mig_mode)(Device*, unsigned*, unsigned*) = nullptr;
  int (*mig_count)(Device*, unsigned*) = nullptr;
  int (*mig_by_index)(Device*, unsigned, Device**) = nullptr;

  std::string text_of(int error) const;
};

// Loads the library, by soname or path, and finds its functions. It stays loaded for good: drivers
// do not expect to be unloaded. Does not initialise it.
Result<Api> load(const std::string& library);

}  // namespace headrace::telemetry::nvml

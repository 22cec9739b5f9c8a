#include "telemetry/fake_nvml/fake_nvml.h"

#include <algorithm>
#include <cstring>

namespace {
FakeNvmlControl g_control;

constexpr int kUninitialized = 1;
constexpr int kInvalidArgument = 2;
constexpr int kNotFound = 6;
constexpr int kInsufficientSize = 7;

int reading(FakeNvmlGpu* gpu) {
  if (g_control.initialised == 0) {
    ++g_control.calls_before_init;
    return kUninitialized;
  }
  return gpu == nullptr ? kInvalidArgument : gpu->error;
}
int copy(const char* text, char* out, unsigned length) {
  if (std::strlen(text) >= length) return kInsufficientSize;
  std::strcpy(out, text);  // NOLINT: bounded above
  return 0;
}
}  // namespace

#define EXPORTED __attribute__((visibility("default")))
extern "C" {

EXPORTED FakeNvmlControl* fake_nvml_control() { return &g_control; }

EXPORTED void fake_nvml_advance(uint64_t by_ns) {
  while (by_ns > 0) {
    const uint64_t period = std::max<uint64_t>(g_control.period_ns, 1);
    const uint64_t step = std::min(by_ns, period - g_control.now_ns % period);
    g_control.now_ns += step;
    by_ns -= step;
    for (FakeNvmlGpu& gpu : g_control.gpu) {
      gpu.energy_j += gpu.power_w * static_cast<double>(step) * 1e-9;
      if (g_control.now_ns % period == 0) {
        gpu.published_mj = static_cast<uint64_t>(gpu.energy_j * 1e3);
      }
    }
  }
}

EXPORTED int nvmlInit_v2() {
  if (g_control.init_error == 0) ++g_control.initialised;
  return g_control.init_error;
}
EXPORTED int nvmlShutdown() {
  if (g_control.initialised == 0) return kUninitialized;
  --g_control.initialised;
  return 0;
}
EXPORTED const char* nvmlErrorString(int error) {
  switch (error) {
    case 0: return "Success";
    case kUninitialized: return "Uninitialized";
    case 3: return "Not Supported";
    case 9: return "Driver Not Loaded";
    case 15: return "GPU is lost";
    default: return "Unknown Error";
  }
}
EXPORTED int nvmlDeviceGetCount_v2(unsigned* count) {
  if (g_control.initialised == 0) return ++g_control.calls_before_init, kUninitialized;
  *count = g_control.gpus;
  return 0;
}
EXPORTED int nvmlDeviceGetHandleByIndex_v2(unsigned index, FakeNvmlGpu** device) {
  if (g_control.initialised == 0) return ++g_control.calls_before_init, kUninitialized;
  if (index >= g_control.gpus) return kNotFound;
  *device = &g_control.gpu[index];
  return 0;
}
EXPORTED int nvmlDeviceGetUUID(FakeNvmlGpu* device, char* out, unsigned length) {
  const int error = reading(device);
  return error != 0 ? error : copy(device->uuid, out, length);
}
EXPORTED int nvmlDeviceGetName(FakeNvmlGpu* device, char* out, unsigned length) {
  const int error = reading(device);
  return error != 0 ? error : copy("Fake GPU", out, length);
}
EXPORTED int nvmlDeviceGetTotalEnergyConsumption(FakeNvmlGpu* device, unsigned long long* mj) {
  if (const int error = reading(device); error != 0) return error;
  if (device->energy_error != 0) return device->energy_error;
  *mj = device->published_mj;
  return 0;
}
EXPORTED int nvmlDeviceGetPowerUsage(FakeNvmlGpu* device, unsigned* mw) {
  const int error = reading(device);
  if (error == 0) *mw = static_cast<unsigned>(device->power_w * 1e3);
  return error;
}
EXPORTED int nvmlDeviceGetTemperature(FakeNvmlGpu* device, int sensor, unsigned* celsius) {
  if (sensor != 0) return kInvalidArgument;
  const int error = reading(device);
  if (error == 0) *celsius = device->temperature_c;
  return error;
}
struct FakeUtilization {
  unsigned gpu, memory;
};
EXPORTED int nvmlDeviceGetUtilizationRates(FakeNvmlGpu* device, FakeUtilization* use) {
  const int error = reading(device);
  if (error == 0) *use = {device->use_percent, device->use_percent / 2};
  return error;
}
struct FakeMemory {
  unsigned long long total, free, used;
};
EXPORTED int nvmlDeviceGetMemoryInfo(FakeNvmlGpu* device, FakeMemory* memory) {
  const int error = reading(device);
  if (error == 0) *memory = {80ull << 30, (80ull << 30) - device->used_bytes, device->used_bytes};
  return error;
}
}

// A stand-in for NVIDIA's management library, libnvidia-ml.so.1: the scenario's `nvml` meters are
// its GPUs. Strict where the real one is: nothing but nvmlErrorString works before an init.
// Names, layouts and values: NVML API reference (nvml.h).
//
// Keys of a meter: uuid=, energy=none (the counter is not supported), fields=none (an old driver),
// driver=unloaded (no init succeeds), mig=N (so many instances), processes=yes (use by process is
// told: of the one that asks, HEADRACE_LAB_SM percent while the device is in use, or else all).
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

#include "lab/device.h"
#include "lab/fake/open_stage.h"

namespace {

using headrace::lab::DeviceNow;
using headrace::lab::Instrument;
using headrace::lab::Shown;

constexpr int kSuccess = 0;
constexpr int kUninitialized = 1;
constexpr int kInvalidArgument = 2;
constexpr int kNotSupported = 3;
constexpr int kNoPermission = 4;
constexpr int kNotFound = 6;
constexpr int kInsufficientSize = 7;
constexpr int kDriverNotLoaded = 9;
constexpr int kGpuIsLost = 15;
constexpr int kUnknown = 999;

struct Gpu {
  explicit Gpu(const Instrument& one) : instrument(one), meter(one.meter()) {
    const auto count = static_cast<size_t>(one.key("mig", "0")[0] - '0');
    for (size_t i = 0; i < count; ++i) instances.push_back({this, i});
  }
  struct Instance {
    Gpu* gpu;
    size_t index;
  };
  // Handles point into `instances`, whose owner stays where it is once all are made.
  Gpu(Gpu&& other) noexcept
      : instrument(std::move(other.instrument)),
        meter(std::move(other.meter)),
        instances(std::move(other.instances)) {
    for (Instance& one : instances) one.gpu = this;
  }
  Instrument instrument;
  headrace::lab::Meter meter;
  std::vector<Instance> instances;
};

headrace::lab::OpenStage<Gpu> g_stage("nvml");

// A handle is a GPU's place or an instance's, which lie apart.
struct Handle {
  Gpu* gpu = nullptr;
  Gpu::Instance* instance = nullptr;
};
Handle handle_of(void* device) {
  for (Gpu& gpu : g_stage.devices()) {
    if (device == &gpu) return {&gpu, nullptr};
    for (Gpu::Instance& one : gpu.instances) {
      if (device == &one) return {&gpu, &one};
    }
  }
  return {};
}

// What `device` shows now.
int reading(void* device, Shown* shown, DeviceNow* now) {
  if (!g_stage.is_open()) return kUninitialized;
  const Handle handle = handle_of(device);
  if (handle.gpu == nullptr) return kInvalidArgument;
  *shown = handle.gpu->meter.at(g_stage.now_ns());
  *now = headrace::lab::device_at(handle.gpu->meter.trace(), *shown);
  if (shown->error == ENODEV) return kGpuIsLost;
  if (shown->error == EACCES) return kNoPermission;
  if (shown->error != 0 || shown->torn) return kUnknown;
  if (handle.instance != nullptr) return kNotSupported;  // an instance measures no power
  return kSuccess;
}

int copy(const std::string& text, char* out, unsigned length) {
  if (text.size() >= length) return kInsufficientSize;
  std::memcpy(out, text.c_str(), text.size() + 1);
  return kSuccess;
}

std::string uuid_of(const Gpu& gpu) {
  return gpu.instrument.key("uuid",
                            "GPU-00000000-0000-0000-0000-00000000000" + gpu.instrument.name);
}

union Value {
  double real;
  unsigned number;
  unsigned long long long_number;
};
struct FieldValue {
  unsigned field;
  unsigned scope;
  long long timestamp_us;
  long long latency_us;
  int type;  // 1: unsigned, 3: unsigned long long
  int error;
  Value value;
};

void fill(FieldValue& out, const Gpu& gpu, const Shown& shown, const DeviceNow& now) {
  constexpr unsigned kEnergy = 83;
  constexpr unsigned kMemoryTemperature = 82;
  constexpr unsigned kPowerAverage = 185;
  constexpr unsigned kPowerInstant = 186;
  out.timestamp_us = shown.refreshed_ns / 1000;
  out.latency_us = 1;
  out.error = kSuccess;
  out.type = 1;
  if (out.field == kEnergy && gpu.instrument.key("energy", "yes") != "none" && out.scope == 0) {
    out.type = 3;
    out.value.long_number = shown.energy_uj / 1000;
  } else if (out.field == kPowerInstant && out.scope == 0) {
    out.value.number = static_cast<unsigned>(gpu.meter.trace().power_mw(shown.refreshed_ns));
  } else if (out.field == kPowerAverage && out.scope == 0) {
    // Over the second before.
    const uint64_t until_uj = gpu.meter.trace().energy_uj(shown.refreshed_ns);
    const uint64_t from_uj = gpu.meter.trace().energy_uj(shown.refreshed_ns - 1'000'000'000);
    out.value.number = static_cast<unsigned>((until_uj - from_uj) / 1000);
  } else if (out.field == kMemoryTemperature && out.scope == 0) {
    out.value.number = static_cast<unsigned>(now.temperature_c + 5);
  } else {
    out.error = kNotSupported;
  }
}

}  // namespace

#define NVML_READ(device)                               \
  const std::lock_guard nvml_lock(g_stage.mutex());     \
  Shown shown;                                          \
  DeviceNow now;                                        \
  const int nvml_error = reading(device, &shown, &now); \
  if (nvml_error != kSuccess) return nvml_error

extern "C" {

HEADRACE_FAKE_EXPORT int nvmlInitWithFlags(unsigned) {
  const std::lock_guard lock(g_stage.mutex());
  if (!g_stage.open()) return kDriverNotLoaded;
  for (const Gpu& gpu : g_stage.devices()) {
    if (gpu.instrument.key("driver", "loaded") == "loaded") continue;
    g_stage.close();
    return kDriverNotLoaded;
  }
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int nvmlInit_v2() { return nvmlInitWithFlags(0); }
HEADRACE_FAKE_EXPORT int nvmlShutdown() {
  const std::lock_guard lock(g_stage.mutex());
  return g_stage.close() ? kSuccess : kUninitialized;
}
HEADRACE_FAKE_EXPORT const char* nvmlErrorString(int error) {
  switch (error) {
    case kSuccess: return "Success";
    case kUninitialized: return "Uninitialized";
    case kInvalidArgument: return "Invalid Argument";
    case kNotSupported: return "Not Supported";
    case kNoPermission: return "Insufficient Permissions";
    case kNotFound: return "Not Found";
    case kInsufficientSize: return "Insufficient Size";
    case kDriverNotLoaded: return "Driver Not Loaded";
    case kGpuIsLost: return "GPU is lost";
    default: return "Unknown Error";
  }
}
HEADRACE_FAKE_EXPORT int nvmlSystemGetDriverVersion(char* out, unsigned length) {
  const std::lock_guard lock(g_stage.mutex());
  return g_stage.is_open() ? copy("999.1", out, length) : kUninitialized;
}
HEADRACE_FAKE_EXPORT int nvmlDeviceGetCount_v2(unsigned* count) {
  const std::lock_guard lock(g_stage.mutex());
  if (!g_stage.is_open()) return kUninitialized;
  *count = static_cast<unsigned>(g_stage.devices().size());
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  const std::lock_guard lock(g_stage.mutex());
  if (!g_stage.is_open()) return kUninitialized;
  *device = g_stage.device(index);
  return *device == nullptr ? kInvalidArgument : kSuccess;
}
HEADRACE_FAKE_EXPORT int nvmlDeviceGetUUID(void* device, char* out, unsigned length) {
  const std::lock_guard lock(g_stage.mutex());
  if (!g_stage.is_open()) return kUninitialized;
  const Handle handle = handle_of(device);
  if (handle.gpu == nullptr) return kInvalidArgument;
  std::string uuid = uuid_of(*handle.gpu);
  if (handle.instance != nullptr) {
    uuid = "MIG-" + std::to_string(handle.instance->index) + uuid.substr(std::strlen("GPU-") + 1);
  }
  return copy(uuid, out, length);
}
HEADRACE_FAKE_EXPORT int nvmlDeviceGetName(void* device, char* out, unsigned length) {
  const std::lock_guard lock(g_stage.mutex());
  if (!g_stage.is_open()) return kUninitialized;
  return handle_of(device).gpu == nullptr ? kInvalidArgument
                                          : copy("Headrace Lab GPU", out, length);
}
// Which counters a client expects it takes from this: 9, Hopper, has those of energy.
HEADRACE_FAKE_EXPORT int nvmlDeviceGetArchitecture(void* device, unsigned* architecture) {
  const std::lock_guard lock(g_stage.mutex());
  if (!g_stage.is_open()) return kUninitialized;
  if (handle_of(device).gpu == nullptr) return kInvalidArgument;
  constexpr unsigned kHopper = 9;
  *architecture = kHopper;
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int nvmlDeviceGetTotalEnergyConsumption(void* device,
                                                             unsigned long long* energy_mj) {
  NVML_READ(device);
  if (handle_of(device).gpu->instrument.key("energy", "yes") == "none") return kNotSupported;
  *energy_mj = shown.energy_uj / 1000;
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int nvmlDeviceGetPowerUsage(void* device, unsigned* power_mw) {
  NVML_READ(device);
  *power_mw = static_cast<unsigned>(shown.power_uw / 1000);
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int nvmlDeviceGetTemperature(void* device, int sensor, unsigned* celsius) {
  if (sensor != 0) return kInvalidArgument;
  NVML_READ(device);
  *celsius = static_cast<unsigned>(now.temperature_c);
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int nvmlDeviceGetUtilizationRates(void* device, unsigned* gpu_and_memory) {
  NVML_READ(device);
  gpu_and_memory[0] = static_cast<unsigned>(now.use_percent);
  gpu_and_memory[1] = static_cast<unsigned>(now.use_percent / 2);
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int nvmlDeviceGetMemoryInfo(void* device, unsigned long long* memory) {
  const std::lock_guard lock(g_stage.mutex());
  Shown shown;
  DeviceNow now;
  const int error = reading(device, &shown, &now);
  const Handle handle = handle_of(device);
  // An instance has its part of the memory, if of nothing else.
  if (error != kSuccess && (error != kNotSupported || handle.instance == nullptr)) return error;
  const uint64_t parts = handle.instance == nullptr ? 1 : handle.gpu->instances.size();
  constexpr unsigned long long kTotal = 80ULL << 30U;
  memory[0] = kTotal / parts;
  memory[2] = now.memory_bytes / parts;
  memory[1] = memory[0] - memory[2];
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int nvmlDeviceGetClockInfo(void* device, int clock, unsigned* mhz) {
  NVML_READ(device);
  if (clock < 0 || clock > 3) return kInvalidArgument;
  *mhz = now.throttled ? 1200 : (now.use_percent > 0 ? 1980 : 345);
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int nvmlDeviceGetCurrentClocksEventReasons(void* device,
                                                                unsigned long long* reasons) {
  NVML_READ(device);
  constexpr unsigned long long kIdle = 1;
  constexpr unsigned long long kPowerCap = 4;
  *reasons = now.throttled ? kPowerCap : (now.use_percent > 0 ? 0 : kIdle);
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int nvmlDeviceGetFieldValues(void* device, int count, FieldValue* values) {
  NVML_READ(device);
  const Gpu& gpu = *handle_of(device).gpu;
  if (gpu.instrument.key("fields", "yes") == "none") return kNotSupported;
  for (int i = 0; i < count; ++i) fill(values[i], gpu, shown, now);
  return kSuccess;
}
struct ProcessUse {
  unsigned pid;
  unsigned long long at_us;
  unsigned sm, memory, encoder, decoder;
};
// A sample every 100 ms.
HEADRACE_FAKE_EXPORT int nvmlDeviceGetProcessUtilization(void* device, ProcessUse* out,
                                                         unsigned* count,
                                                         unsigned long long since_us) {
  NVML_READ(device);
  if (handle_of(device).gpu->instrument.key("processes", "no") != "yes") return kNotSupported;
  constexpr unsigned long long kEvery_us = 100'000;
  const auto newest_us =
      static_cast<unsigned long long>(g_stage.now_ns()) / 1000 / kEvery_us * kEvery_us;
  if (newest_us <= since_us || newest_us == 0) return kNotFound;
  if (out == nullptr || *count < 1) {
    *count = 1;
    return kInsufficientSize;
  }
  const char* const part = std::getenv("HEADRACE_LAB_SM");
  const int most = part == nullptr ? 100 : std::atoi(part);
  *count = 1;
  *out = {static_cast<unsigned>(getpid()),
          newest_us,
          static_cast<unsigned>(now.use_percent > 0 ? most : 0),
          0,
          0,
          0};
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int nvmlDeviceGetMigMode(void* device, unsigned* current, unsigned* pending) {
  NVML_READ(device);
  *current = *pending = handle_of(device).gpu->instances.empty() ? 0 : 1;
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int nvmlDeviceGetMaxMigDeviceCount(void* device, unsigned* count) {
  NVML_READ(device);
  *count = 7;
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int nvmlDeviceGetMigDeviceHandleByIndex(void* device, unsigned index,
                                                             void** instance) {
  NVML_READ(device);
  Gpu* gpu = handle_of(device).gpu;
  if (gpu == nullptr || index >= gpu->instances.size()) return kNotFound;
  *instance = &gpu->instances[index];
  return kSuccess;
}
}

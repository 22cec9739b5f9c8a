// A stand-in for AMD's system management library, libamd_smi.so of ROCm 7 (library version 26): the
// scenario's `amd` meters are its GPUs, one to a socket. What it does not do answers "not
// supported" (amd_smi_others.cc). Names, layouts and values: amdsmi.h.
#include <cerrno>
#include <cstring>

#include "lab/amd_card.h"
#include "lab/fake/open_stage.h"

namespace {

using headrace::lab::AmdCard;
using headrace::lab::AmdNow;

constexpr int kSuccess = 0;
constexpr int kInvalid = 1;
constexpr int kNotSupported = 2;
constexpr int kNoPermission = 10;
constexpr int kIo = 12;
constexpr int kNotInit = 32;
constexpr int kNotFound = 31;
constexpr int kUnexpectedSize = 42;
constexpr int kNoDriver = 51;
constexpr uint32_t kNotAvailable = 0xFFFF;

headrace::lab::OpenStage<AmdCard> g_stage("amd");

int reading(void* handle, AmdNow* now) {
  if (!g_stage.is_open()) return kNotInit;
  for (AmdCard& card : g_stage.devices()) {
    if (handle != &card) continue;
    *now = card.at(g_stage.now_ns());
    if (now->error == EACCES) return kNoPermission;
    if (now->error == ENODEV) return kNotFound;
    if (now->error != 0) return kIo;
    return now->torn ? kUnexpectedSize : kSuccess;
  }
  return kInvalid;
}

struct PowerInfo {
  uint64_t socket_power;
  uint32_t current_socket_power;
  uint32_t average_socket_power;
  uint64_t gfx_voltage;
  uint64_t soc_voltage;
  uint64_t mem_voltage;
  uint32_t power_limit;
  uint64_t reserved[18];
};
struct EngineUsage {
  uint32_t gfx;
  uint32_t umc;
  uint32_t mm;
  uint32_t reserved[13];
};
struct Version {
  uint32_t major;
  uint32_t minor;
  uint32_t release;
  const char* build;
};

}  // namespace

#define AMDSMI_READ(handle)                           \
  const std::lock_guard amdsmi_lock(g_stage.mutex()); \
  AmdNow now;                                         \
  const int amdsmi_error = reading(handle, &now);     \
  if (amdsmi_error != kSuccess) return amdsmi_error

extern "C" {

HEADRACE_FAKE_EXPORT int amdsmi_init(uint64_t) {
  const std::lock_guard lock(g_stage.mutex());
  return g_stage.open() ? kSuccess : kNoDriver;
}
HEADRACE_FAKE_EXPORT int amdsmi_shut_down() {
  const std::lock_guard lock(g_stage.mutex());
  return g_stage.close() ? kSuccess : kNotInit;
}
HEADRACE_FAKE_EXPORT int amdsmi_get_lib_version(Version* version) {
  *version = {26, 0, 0, "lab"};
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int amdsmi_status_code_to_string(int status, const char** text) {
  switch (status) {
    case kSuccess: *text = "AMDSMI_STATUS_SUCCESS: Call succeeded"; break;
    case kInvalid: *text = "AMDSMI_STATUS_INVAL: Invalid parameters"; break;
    case kNotSupported: *text = "AMDSMI_STATUS_NOT_SUPPORTED: Command not supported"; break;
    case kNoPermission: *text = "AMDSMI_STATUS_NO_PERM: Permission Denied"; break;
    case kIo: *text = "AMDSMI_STATUS_IO: I/O Error"; break;
    case kNotInit: *text = "AMDSMI_STATUS_NOT_INIT: Processor not initialized"; break;
    case kNoDriver: *text = "AMDSMI_STATUS_NO_DRV: No driver"; break;
    default: *text = "AMDSMI_STATUS_UNKNOWN_ERROR: An unknown error occurred";
  }
  return kSuccess;
}
// A list is asked for twice: how long it is, then what is in it.
HEADRACE_FAKE_EXPORT int amdsmi_get_socket_handles(uint32_t* count, void** sockets) {
  const std::lock_guard lock(g_stage.mutex());
  if (!g_stage.is_open()) return kNotInit;
  const auto all = static_cast<uint32_t>(g_stage.devices().size());
  if (sockets != nullptr) {
    for (uint32_t i = 0; i < *count && i < all; ++i) sockets[i] = g_stage.device(i);
  }
  *count = all;
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int amdsmi_get_processor_handles(void* socket, uint32_t* count,
                                                      void** processors) {
  const std::lock_guard lock(g_stage.mutex());
  if (!g_stage.is_open()) return kNotInit;
  if (processors != nullptr && *count > 0) processors[0] = socket;
  *count = 1;
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int amdsmi_get_processor_type(void*, int* type) {
  *type = 1;
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int amdsmi_get_gpu_device_uuid(void* handle, unsigned* length, char* uuid) {
  const std::lock_guard lock(g_stage.mutex());
  if (!g_stage.is_open()) return kNotInit;
  for (const AmdCard& card : g_stage.devices()) {
    if (handle != &card) continue;
    if (card.serial().size() >= *length) return kInvalid;
    std::memcpy(uuid, card.serial().c_str(), card.serial().size() + 1);
    return kSuccess;
  }
  return kInvalid;
}
HEADRACE_FAKE_EXPORT int amdsmi_get_energy_count(void* handle, uint64_t* steps, float* step_uj,
                                                 uint64_t* at_ns) {
  AMDSMI_READ(handle);
  *steps = now.energy_steps;
  *step_uj = static_cast<float>(AmdCard::kStep_uj);
  *at_ns = static_cast<uint64_t>(now.at_ns);
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int amdsmi_get_power_info(void* handle, PowerInfo* info) {
  AMDSMI_READ(handle);
  std::memset(info, 0, sizeof *info);
  const uint64_t watts = now.power_uw / 1'000'000;
  const bool current = static_cast<AmdCard*>(handle)->reports_current_power();
  const auto known = static_cast<uint32_t>(watts);
  *info = {watts, current ? known : kNotAvailable, current ? kNotAvailable : known, 0, 0, 0, 560,
           {}};
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int amdsmi_get_temp_metric(void* handle, int type, int metric,
                                                int64_t* celsius) {
  AMDSMI_READ(handle);
  if (type > 1 || metric != 0) return kNotSupported;
  *celsius = static_cast<int64_t>(now.temperature_c);
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int amdsmi_get_gpu_activity(void* handle, EngineUsage* usage) {
  AMDSMI_READ(handle);
  std::memset(usage, 0, sizeof *usage);
  usage->gfx = static_cast<uint32_t>(now.use_percent);
  usage->umc = usage->gfx / 2;
  usage->mm = kNotAvailable;
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int amdsmi_get_gpu_memory_usage(void* handle, int type, uint64_t* bytes) {
  AMDSMI_READ(handle);
  if (type != 0) return kNotSupported;
  *bytes = now.memory_bytes;
  return kSuccess;
}
}

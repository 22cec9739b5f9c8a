// A stand-in for the older ROCm management library, librocm_smi64.so: the scenario's `amd` meters
// are its devices. Names, layouts and values: rocm_smi.h.
#include <cerrno>
#include <cstdlib>

#include "lab/amd_card.h"
#include "lab/fake/open_stage.h"

namespace {

using headrace::lab::AmdCard;
using headrace::lab::AmdNow;

constexpr int kSuccess = 0;
constexpr int kInvalid = 1;
constexpr int kNotSupported = 2;
constexpr int kFileError = 3;
constexpr int kPermission = 4;
constexpr int kInitError = 8;
constexpr int kNotFound = 12;
constexpr int kUnexpectedSize = 15;

headrace::lab::OpenStage<AmdCard> g_stage("amd");

int reading(uint32_t index, AmdNow* now) {
  if (!g_stage.is_open()) return kInitError;
  AmdCard* card = g_stage.device(index);
  if (card == nullptr) return kInvalid;
  *now = card->at(g_stage.now_ns());
  if (now->error == EACCES) return kPermission;
  if (now->error == ENODEV) return kNotFound;
  if (now->error != 0) return kFileError;
  return now->torn ? kUnexpectedSize : kSuccess;
}

}  // namespace

#define RSMI_READ(index)                            \
  const std::lock_guard rsmi_lock(g_stage.mutex()); \
  AmdNow now;                                       \
  const int rsmi_error = reading(index, &now);      \
  if (rsmi_error != kSuccess) return rsmi_error

extern "C" {

HEADRACE_FAKE_EXPORT int rsmi_init(uint64_t) {
  const std::lock_guard lock(g_stage.mutex());
  return g_stage.open() ? kSuccess : kInitError;
}
HEADRACE_FAKE_EXPORT int rsmi_shut_down() {
  const std::lock_guard lock(g_stage.mutex());
  return g_stage.close() ? kSuccess : kInitError;
}
HEADRACE_FAKE_EXPORT int rsmi_status_string(int status, const char** text) {
  switch (status) {
    case kSuccess:
      *text = "RSMI_STATUS_SUCCESS: The function has been executed successfully.";
      break;
    case kNotSupported: *text = "RSMI_STATUS_NOT_SUPPORTED: This function is not supported"; break;
    case kPermission: *text = "RSMI_STATUS_PERMISSION: Permission denied"; break;
    case kInitError:
      *text = "RSMI_STATUS_INIT_ERROR: An error occurred during initialization";
      break;
    default: *text = "RSMI_STATUS_UNKNOWN_ERROR: An unknown error prevented the call";
  }
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int rsmi_num_monitor_devices(uint32_t* count) {
  const std::lock_guard lock(g_stage.mutex());
  if (!g_stage.is_open()) return kInitError;
  *count = static_cast<uint32_t>(g_stage.devices().size());
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int rsmi_dev_unique_id_get(uint32_t index, uint64_t* id) {
  const std::lock_guard lock(g_stage.mutex());
  if (!g_stage.is_open()) return kInitError;
  const AmdCard* card = g_stage.device(index);
  if (card == nullptr) return kInvalid;
  *id = std::strtoull(card->serial().c_str(), nullptr, 16);
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int rsmi_dev_energy_count_get(uint32_t index, uint64_t* steps, float* step_uj,
                                                   uint64_t* at_ns) {
  RSMI_READ(index);
  *steps = now.energy_steps;
  *step_uj = static_cast<float>(AmdCard::kStep_uj);
  *at_ns = static_cast<uint64_t>(now.at_ns);
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int rsmi_dev_power_ave_get(uint32_t index, uint32_t sensor,
                                                uint64_t* power_uw) {
  RSMI_READ(index);
  if (sensor != 0) return kNotSupported;
  *power_uw = now.power_uw;
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int rsmi_dev_temp_metric_get(uint32_t index, uint32_t type, int metric,
                                                  int64_t* milli_celsius) {
  RSMI_READ(index);
  if (type > 1 || metric != 0) return kNotSupported;
  *milli_celsius = static_cast<int64_t>(now.temperature_c) * 1000;
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int rsmi_dev_busy_percent_get(uint32_t index, uint32_t* percent) {
  RSMI_READ(index);
  *percent = static_cast<uint32_t>(now.use_percent);
  return kSuccess;
}
HEADRACE_FAKE_EXPORT int rsmi_dev_memory_usage_get(uint32_t index, int type, uint64_t* bytes) {
  RSMI_READ(index);
  if (type != 0) return kNotSupported;
  *bytes = now.memory_bytes;
  return kSuccess;
}
}

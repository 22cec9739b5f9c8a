#include "telemetry/nvml_api.h"

#include <dlfcn.h>

namespace headrace::telemetry::nvml {

std::string Api::text_of(int error) const {
  const char* text = error_string != nullptr ? error_string(error) : nullptr;
  return text != nullptr ? text : "NVML error " + std::to_string(error);
}

Result<Api> load(const std::string& library) {
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* why = dlerror();
    return not_found(why != nullptr ? why : "cannot load " + library);
  }
  Api api;
  std::string missing;
  const auto find = [&](auto& function, const char* symbol, bool needed) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, symbol));
    if (function == nullptr && needed) missing += std::string(missing.empty() ? "" : ", ") + symbol;
  };
  find(api.init, "nvmlInit_v2", true);
  find(api.shutdown, "nvmlShutdown", true);
  find(api.device_count, "nvmlDeviceGetCount_v2", true);
  find(api.device_by_index, "nvmlDeviceGetHandleByIndex_v2", true);
  find(api.uuid, "nvmlDeviceGetUUID", true);
  find(api.error_string, "nvmlErrorString", false);
  find(api.driver_version, "nvmlSystemGetDriverVersion", false);
  find(api.name, "nvmlDeviceGetName", false);
  find(api.total_energy_mj, "nvmlDeviceGetTotalEnergyConsumption", false);
  find(api.power_mw, "nvmlDeviceGetPowerUsage", false);
  find(api.temperature_c, "nvmlDeviceGetTemperature", false);
  find(api.utilization, "nvmlDeviceGetUtilizationRates", false);
  find(api.memory, "nvmlDeviceGetMemoryInfo", false);
  if (!missing.empty()) return unsupported(library + " lacks " + missing);
  return api;
}

}  // namespace headrace::telemetry::nvml

#include "telemetry/nvml_api.h"

#include "telemetry/shared_library.h"

namespace headrace::telemetry::nvml {

std::string Api::text_of(int error) const {
  const char* text = error_string != nullptr ? error_string(error) : nullptr;
  return text != nullptr ? text : "NVML error " + std::to_string(error);
}

Result<Api> load(const std::string& name) {
  Result<SharedLibrary> library = SharedLibrary::load({name});
  if (!library.ok()) return library.status();
  Api api;
  library->need(api.init, "nvmlInit_v2");
  library->need(api.shutdown, "nvmlShutdown");
  library->need(api.device_count, "nvmlDeviceGetCount_v2");
  library->need(api.device_by_index, "nvmlDeviceGetHandleByIndex_v2");
  library->need(api.uuid, "nvmlDeviceGetUUID");
  library->find(api.error_string, "nvmlErrorString");
  library->find(api.driver_version, "nvmlSystemGetDriverVersion");
  library->find(api.name, "nvmlDeviceGetName");
  library->find(api.total_energy_mj, "nvmlDeviceGetTotalEnergyConsumption");
  library->find(api.power_mw, "nvmlDeviceGetPowerUsage");
  library->find(api.temperature_c, "nvmlDeviceGetTemperature");
  library->find(api.utilization, "nvmlDeviceGetUtilizationRates");
  library->find(api.memory, "nvmlDeviceGetMemoryInfo");
  library->find(api.fields, "nvmlDeviceGetFieldValues");
  library->find(api.clock_mhz, "nvmlDeviceGetClockInfo");
  library->find(api.throttle_reasons, "nvmlDeviceGetCurrentClocksEventReasons");
  if (api.throttle_reasons == nullptr) {  // as it was called before driver 535
    library->find(api.throttle_reasons, "nvmlDeviceGetCurrentClocksThrottleReasons");
  }
  library->find(api.process_use, "nvmlDeviceGetProcessUtilization");
  library->find(api.mig_mode, "nvmlDeviceGetMigMode");
  library->find(api.mig_count, "nvmlDeviceGetMaxMigDeviceCount");
  library->find(api.mig_by_index, "nvmlDeviceGetMigDeviceHandleByIndex");
  HEADRACE_RETURN_IF_ERROR(library->complete());
  return api;
}

}  // namespace headrace::telemetry::nvml

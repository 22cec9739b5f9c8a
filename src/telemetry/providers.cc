#include "telemetry/providers.h"

#include "telemetry/amd_gpus.h"
#include "telemetry/cgroup.h"
#include "telemetry/cray_pm.h"
#include "telemetry/estimate.h"
#include "telemetry/hwmon.h"
#include "telemetry/lustre.h"
#include "telemetry/nvml.h"
#include "telemetry/nvml_process.h"
#include "telemetry/power_file.h"
#include "telemetry/powercap.h"
#include "telemetry/pressure.h"
#include "telemetry/proc_node.h"
#include "telemetry/proc_process.h"
#include "telemetry/rapl_perf.h"
#include "telemetry/replay.h"

namespace headrace::telemetry {

Providers process_providers() {
  const Roots roots = roots_from_environment();
  Providers out;
  out.push_back(std::make_unique<ProcProcess>(roots));
  out.push_back(std::make_unique<Estimate>(roots));
  out.push_back(std::make_unique<NvmlProcess>());
  return out;
}

Providers node_providers() {
  const Roots roots = roots_from_environment();
  Providers out;
  if (const std::string recording = replay_from_environment(); !recording.empty()) {
    out.push_back(std::make_unique<Replay>(recording));
    return out;
  }
  out.push_back(std::make_unique<ProcNode>(roots));
  out.push_back(std::make_unique<Cgroup>(roots));
  out.push_back(std::make_unique<Pressure>(roots));
  out.push_back(std::make_unique<Lustre>(roots));
  out.push_back(std::make_unique<Powercap>(roots));
  out.push_back(std::make_unique<RaplPerf>(roots));
  out.push_back(std::make_unique<CrayPm>(roots));
  out.push_back(std::make_unique<Hwmon>(roots));
  out.push_back(std::make_unique<PowerFile>(power_file_from_environment()));
  out.push_back(std::make_unique<Nvml>());
  out.push_back(std::make_unique<AmdGpus>(amd_sources(roots)));
  return out;
}

Providers every_provider() {
  Providers out = node_providers();
  for (std::unique_ptr<Provider>& one : process_providers()) out.push_back(std::move(one));
  return out;
}

}  // namespace headrace::telemetry

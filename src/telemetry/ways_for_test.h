// Every way to read a counter of energy, over a laboratory.
#pragma once

#include <memory>
#include <vector>

#include "telemetry/amd_gpus.h"
#include "telemetry/cray_pm.h"
#include "telemetry/hwmon.h"
#include "telemetry/lab_for_test.h"
#include "telemetry/nvml.h"
#include "telemetry/powercap.h"

namespace headrace::telemetry {

inline std::unique_ptr<Provider> amd(std::unique_ptr<AmdSource> source) {
  std::vector<std::unique_ptr<AmdSource>> sources;
  sources.push_back(std::move(source));
  return std::make_unique<AmdGpus>(std::move(sources));
}

struct Way {
  const char* name;
  const char* meter;  // kind and name in the scenario
  const char* sensor;
  double quantum_j;
  bool zero_is_a_gap;
  std::unique_ptr<Provider> (*make)(const TurnedLab& lab);
};
inline const Way kWays[] = {
    {"powercap", "powercap package-0", "rapl.package-0", 1e-6, false,
     [](const TurnedLab& lab) -> std::unique_ptr<Provider> {
       return std::make_unique<Powercap>(lab.roots());
     }},
    {"cray", "cray node", "cray.energy", 1, false,
     [](const TurnedLab& lab) -> std::unique_ptr<Provider> {
       return std::make_unique<CrayPm>(lab.roots(), [&lab] { return lab.now_ns(); });
     }},
    {"hwmon", "hwmon 0.energy1", "hwmon0.energy1", 1e-6, false,
     [](const TurnedLab& lab) -> std::unique_ptr<Provider> {
       return std::make_unique<Hwmon>(lab.roots());
     }},
    {"nvml", "nvml 0", "gpu-0.energy", 1e-3, false,
     [](const TurnedLab&) -> std::unique_ptr<Provider> {
       return std::make_unique<Nvml>(FAKE_NVML);
     }},
    {"amd_smi", "amd 0", "gpu-amd-0.energy", 1e-3, true,
     [](const TurnedLab&) { return amd(amd_smi_source(FAKE_AMD_SMI)); }},
    {"rocm_smi", "amd 0", "gpu-amd-0.energy", 1e-3, true,
     [](const TurnedLab&) { return amd(rocm_smi_source(FAKE_ROCM_SMI)); }},
    {"amdgpu_files", "amd 0", "gpu-amd-0.energy", 1e-3, true,
     [](const TurnedLab& lab) { return amd(amdgpu_files_source(lab.roots())); }},
};

}  // namespace headrace::telemetry

// How much of each NVIDIA GPU this process used: its share of the time in which the streaming
// multiprocessors (SM) were busy, as the driver counts it by process, added up to seconds
// (nvmlDeviceGetProcessUtilization of nvml.h, Maxwell and newer; not of MIG instances).
//
// The driver takes a sample every sixth of a second to a second and says which pid, as the host
// counts pids: in a container with pids of its own it finds none of this process.
#pragma once

#include <string>
#include <vector>

#include "telemetry/nvml_api.h"
#include "telemetry/provider.h"

namespace headrace::telemetry {

class NvmlProcess : public Provider {
 public:
  explicit NvmlProcess(std::string library = "libnvidia-ml.so.1") : library_(std::move(library)) {}
  ~NvmlProcess() override;
  Probe probe() override;
  void sweep(std::span<Reading> readings) override;
  bool is_slow() const override { return true; }

 private:
  struct Gpu {
    nvml::Device* device = nullptr;
    unsigned long long seen_us = 0;  // the newest of this process's samples
    double busy_ns = 0;
  };
  // Adds what is new. NVML's error, but for "nothing new".
  int read(Gpu& gpu);

  const std::string library_;
  nvml::Api api_;
  bool initialised_ = false;
  std::vector<Gpu> gpus_;
  std::vector<nvml::ProcessUse> samples_;
};

}  // namespace headrace::telemetry

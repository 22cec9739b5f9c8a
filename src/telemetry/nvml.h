// NVIDIA GPUs: energy counter (mJ since the driver was loaded, Volta and newer), power,
// temperature, utilisation, memory. The library is found at run time by its soname.
//
// All GPUs of the node are read, whatever CUDA_VISIBLE_DEVICES says: that variable is CUDA's, and
// heat and power do not heed it. Which of them CUDA shows to this process is noted beside.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "telemetry/nvml_api.h"
#include "telemetry/provider.h"

namespace headrace::telemetry {

class Nvml : public Provider {
 public:
  explicit Nvml(std::string library = "libnvidia-ml.so.1") : library_(std::move(library)) {}
  ~Nvml() override;
  Probe probe() override;
  void sweep(std::span<Reading> readings) override;
  bool is_slow() const override { return true; }

 private:
  enum class What : uint8_t { kEnergy, kPower, kTemperature, kUtilization, kMemory };
  struct Channel {
    nvml::Device* device;
    What what;
  };
  static constexpr size_t readings_of(What what) { return what == What::kUtilization ? 2 : 1; }
  int read(const Channel& channel, Reading* out) const;
  void add(nvml::Device* device, What what, const Sensor& base, Probe& probe,
           std::string& unreadable);

  const std::string library_;
  nvml::Api api_;
  bool initialised_ = false;
  std::vector<Channel> channels_;
};

// Whether CUDA shows device `index` with `uuid` to a process with this CUDA_VISIBLE_DEVICES (null:
// not set). Indices, UUIDs and their unambiguous beginnings, and MIG instances by their GPU's UUID;
// as in CUDA, the first entry that names no device hides the rest. Order of indices: assumes
// CUDA_DEVICE_ORDER=PCI_BUS_ID, which is NVML's.
bool is_visible(const char* cuda_visible_devices, unsigned index, std::string_view uuid,
                unsigned devices);

}  // namespace headrace::telemetry

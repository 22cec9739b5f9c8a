// NVIDIA GPUs: energy counter (mJ since the driver was loaded, Volta and newer), powers with the
// field and scope that they are, temperatures, utilisation, clocks, why clocks are held down,
// memory also of MIG instances. The library is found at run time by its soname.
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
  void sweep_counters(std::span<Reading> readings) override;
  bool is_slow() const override { return true; }

 private:
  void sweep(std::span<Reading> readings, bool only_counters);
  enum class What : uint8_t {
    kEnergy,
    kPower,
    kTemperature,
    kUtilization,
    kMemory,
    kClocks,
    kThrottle,
    kFields
  };
  struct Channel {
    nvml::Device* device;
    What what;
    std::vector<nvml::FieldValue> fields;  // of kFields, what is asked for
    size_t readings() const;
  };
  int read(Channel& channel, Reading* out) const;
  int read_fields(Channel& channel, Reading* out) const;
  void add(nvml::Device* device, What what, const Sensor& base, Probe& probe,
           std::string& unreadable);
  void add_fields(nvml::Device* device, bool energy, const Sensor& base, Probe& probe);
  void add_gpu(unsigned index, unsigned count, Probe& probe, Source& source);
  std::vector<std::string> add_instances(nvml::Device* device, const Sensor& base, Probe& probe);

  const std::string library_;
  nvml::Api api_;
  bool initialised_ = false;
  std::vector<Channel> channels_;
};

}  // namespace headrace::telemetry

// Sensors of the kernel's hardware monitoring: <sysfs>/class/hwmon/hwmonN/{name,energyN_input,
// powerN_average|powerN_input,tempN_input,...}. What a chip's channel is a sensor of, stands in a
// table by the chip's name; others are kept under the chip's own name. Rails of Jetson boards
// (ina3221) and Grace's powers (power_meter with oem_info) fall out of it.
// Formats: Documentation/hwmon/sysfs-interface in Linux.
#pragma once

#include <string>
#include <vector>

#include "telemetry/kept_file.h"
#include "telemetry/provider.h"
#include "telemetry/roots.h"

namespace headrace::telemetry {

class Hwmon : public Provider {
 public:
  static constexpr size_t kMaxChannels = 64;

  explicit Hwmon(Roots roots) : roots_(std::move(roots)) {}
  Probe probe() override;
  void sweep(std::span<Reading> readings) override;

 private:
  struct Channel {
    KeptFile file;
    KeptFile times;  // a rail's current in mA, beside its voltage in mV: their product is uW
  };
  void probe_chip(const std::string& folder, Probe& probe, Source& source);

  const Roots roots_;
  std::vector<Channel> channels_;
};

}  // namespace headrace::telemetry

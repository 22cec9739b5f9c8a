// The node, from the kernel's books: CPU time by state, memory, load, each disk and each network
// interface. Which disks and interfaces there are is decided once, at the probe.
#pragma once

#include <string>
#include <vector>

#include "telemetry/kept_file.h"
#include "telemetry/provider.h"
#include "telemetry/roots.h"

namespace headrace::telemetry {

class ProcNode : public Provider {
 public:
  static constexpr size_t kMaxDevices = 32;  // disks, and as many interfaces

  explicit ProcNode(Roots roots) : roots_(std::move(roots)) {}
  Probe probe() override;
  void sweep(std::span<Reading> readings) override;

 private:
  struct Device {
    std::string name;
    size_t first = 0;  // of its sensors
  };
  void find_disks(Probe& probe);
  void find_interfaces(Probe& probe);
  void read_cpu(std::span<Reading> readings);
  void read_memory(std::span<Reading> readings);
  void read_load(std::span<Reading> readings);
  void read_disks(std::span<Reading> readings);
  void read_interfaces(std::span<Reading> readings);

  const Roots roots_;
  std::vector<char> buffer_;
  KeptFile stat_;
  KeptFile meminfo_;
  KeptFile loadavg_;
  KeptFile diskstats_;
  KeptFile net_;
  std::vector<Device> disks_;
  std::vector<Device> interfaces_;
};

}  // namespace headrace::telemetry

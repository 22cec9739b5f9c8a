// The control group that this process lives in: CPU time and memory of everything in it, processes
// that came and went between two sweeps included. A job's, where a batch system made one.
// Version 2: <sysfs>/fs/cgroup/PATH/{cpu.stat,memory.current}; version 1: cpuacct.usage and
// memory.usage_in_bytes in their controllers' trees. PATH: <proc>/self/cgroup, see cgroups(7).
#pragma once

#include <string>
#include <vector>

#include "telemetry/kept_file.h"
#include "telemetry/provider.h"
#include "telemetry/roots.h"

namespace headrace::telemetry {

class Cgroup : public Provider {
 public:
  explicit Cgroup(Roots roots) : roots_(std::move(roots)) {}
  Probe probe() override;
  void sweep(std::span<Reading> readings) override;

 private:
  enum class What : uint8_t { kCpuStat, kNumber };
  struct File {
    KeptFile file;
    What what;
    size_t first;  // of its sensors
  };
  std::string find(const std::string& controller, const std::string& path,
                   const std::string& file) const;
  void probe_2(const std::string& path, Probe& probe);
  void probe_1(const std::string& controller, const std::string& path, Probe& probe);
  bool add(const std::string& path, What what, std::vector<SensorSpec> sensors, Probe& probe);

  const Roots roots_;
  std::vector<File> files_;
};

}  // namespace headrace::telemetry

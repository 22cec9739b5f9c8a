// Running average power limit (RAPL) energy counters of Intel and AMD CPUs, through the kernel's
// powercap tree: <sysfs>/class/powercap/intel-rapl:N[:M]/{name,energy_uj,max_energy_range_uj}, in
// micro-joules, refreshed about every millisecond. Format: Documentation/power/powercap in Linux.
#pragma once

#include <string>
#include <vector>

#include "telemetry/kept_file.h"
#include "telemetry/provider.h"
#include "telemetry/roots.h"

namespace headrace::telemetry {

class Powercap : public Provider {
 public:
  explicit Powercap(Roots roots) : roots_(std::move(roots)) {}
  Probe probe() override;
  void sweep(std::span<Reading> readings) override;
  // Whether probe() would find a CPU package whose counter this user may read.
  bool reads_a_package() const;

 private:
  struct Zone {
    std::string path;
    std::string sensor;  // package-0, package-0.core
    std::string domain;  // node/cpu-0, node/cpu-0/core
    bool package = false;
  };
  // Sorted by path; a zone that the same counter shows twice (intel-rapl-mmio) once.
  std::vector<Zone> zones() const;

  const Roots roots_;
  std::vector<KeptFile> counters_;
};

}  // namespace headrace::telemetry

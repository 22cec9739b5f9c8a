// How long tasks of the node waited for CPU, memory and I/O: the kernel's pressure stall
// information (PSI), <proc>/pressure/{cpu,memory,io}, totals in micro-seconds. "some": at least one
// task waited; "full": none got on. Format: Documentation/accounting/psi in Linux.
#pragma once

#include <string>
#include <vector>

#include "telemetry/kept_file.h"
#include "telemetry/provider.h"
#include "telemetry/roots.h"

namespace headrace::telemetry {

class Pressure : public Provider {
 public:
  explicit Pressure(Roots roots) : roots_(std::move(roots)) {}
  Probe probe() override;
  void sweep(std::span<Reading> readings) override;

 private:
  const Roots roots_;
  std::vector<KeptFile> files_;  // two sensors each: some, full
};

}  // namespace headrace::telemetry

// Energy where nothing measures it: this process's CPU time times an assumed power. The sensor says
// `estimated`, names its method and spells out the assumption; it is never mixed with measurements.
#pragma once

#include "telemetry/provider.h"
#include "telemetry/roots.h"

namespace headrace::telemetry {

constexpr std::string_view kCpuTimeEstimate = "cpu_time_x_constant";

class Estimate : public Provider {
 public:
  explicit Estimate(Roots roots) : roots_(std::move(roots)) {}
  // No sensor where the CPU's own energy counter can be read.
  Probe probe() override;
  void sweep(std::span<Reading> readings) override;

 private:
  const Roots roots_;
};

}  // namespace headrace::telemetry

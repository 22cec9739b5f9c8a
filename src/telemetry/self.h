// What sampling itself costs and how well it keeps time.
#pragma once

#include "telemetry/provider.h"

namespace headrace::telemetry {

class Self : public Provider {
 public:
  Probe probe() override;
  // On the sampler's own thread, whose CPU time it reads.
  void sweep(std::span<Reading> readings) override;

  uint64_t sweeps = 0;  // begun, this one included
  uint64_t late = 0;    // periods missed because a sweep began too late
  double slowdown = 1;  // steps are so many times longer than wanted, for what they cost
};

}  // namespace headrace::telemetry

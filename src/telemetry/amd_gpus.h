// AMD GPUs: energy counter, power, temperature, use, memory, by the first of several ways that
// works. The two dies of an MI250X are two GPUs here, and share a package.
//
// What these cards were seen to show wrongly is a gap: an energy of 0 between two counts, a power
// of 0 W (the second die of a package reports none of its own).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "telemetry/amd_source.h"
#include "telemetry/provider.h"
#include "telemetry/source_clock.h"

namespace headrace::telemetry {

class AmdGpus : public Provider {
 public:
  // `sources` in the order in which they are tried.
  explicit AmdGpus(std::vector<std::unique_ptr<AmdSource>> sources,
                   std::function<int64_t()> now_ns = now_monotonic_ns)
      : sources_(std::move(sources)), now_ns_(std::move(now_ns)) {}
  bool is_slow() const override { return true; }
  Probe probe() override;
  void sweep(std::span<Reading> readings) override;

 private:
  enum class What : uint8_t { kEnergy, kPower, kTemperature, kUse, kMemory };
  struct Gpu {
    size_t card;
    std::vector<What> what;  // its sensors, in their order
    SourceClock clock;
  };
  void add_gpu(AmdSource& source, size_t card, Probe& probe, std::string& notes);
  Reading reading_of(What what, const AmdCard& card, Gpu& gpu) const;

  std::vector<std::unique_ptr<AmdSource>> sources_;
  const std::function<int64_t()> now_ns_;
  std::unique_ptr<AmdSource> source_;  // that works
  std::vector<Gpu> gpus_;
};

// AMD SMI, ROCm SMI, the driver's files.
std::vector<std::unique_ptr<AmdSource>> amd_sources(const Roots& roots);

}  // namespace headrace::telemetry

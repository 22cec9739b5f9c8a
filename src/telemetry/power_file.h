// Energy that a host tells a virtual machine or a container, which have no counters of their own: a
// file named by HEADRACE_POWER_FILE, shared by the host, with a line for each domain:
//
//   node/cpu-0 1234567890 1700000000123456789
//
// the energy counted so far in micro-joules, and when, in ns since 1970 on the host's clock. The
// host divides its own counters for it, so its truth is "mixed". The host replaces the file whole,
// by renaming, or writes it in place. A domain whose time stands still for long is a gap.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "telemetry/provider.h"
#include "telemetry/source_clock.h"

namespace headrace::telemetry {

class PowerFile : public Provider {
 public:
  static constexpr int64_t kPatience_ns = 10'000'000'000;
  static constexpr size_t kMaxDomains = 64;

  // An empty path: there is none.
  explicit PowerFile(std::string path, std::function<int64_t()> now_ns = now_monotonic_ns)
      : path_(std::move(path)), now_ns_(std::move(now_ns)) {}
  Probe probe() override;
  void sweep(std::span<Reading> readings) override;

 private:
  struct Domain {
    std::string name;
    int64_t stamp_ns = 0;
    int64_t moved_ns = 0;  // when stamp_ns was first seen
    SourceClock clock;
  };
  const std::string path_;
  const std::function<int64_t()> now_ns_;
  std::vector<Domain> domains_;
};

// HEADRACE_POWER_FILE, or nothing.
std::string power_file_from_environment();

}  // namespace headrace::telemetry

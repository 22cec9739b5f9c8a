// The same RAPL counters as powercap's, through the kernel's performance events: for users who may
// open events and not read powercap's files. Without wraps, in steps of 2^-32 J.
// <sysfs>/bus/event_source/devices/power/{type,cpumask,events/energy-pkg{,.scale}}; read by
// perf_event_open(2), one event for each package. No sensor where powercap reads a package.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "telemetry/provider.h"
#include "telemetry/roots.h"

namespace headrace::telemetry {

// What the kernel's files say of one event.
struct RaplEvent {
  uint64_t config = 0;
  double joules_per_step = 0;
};
// "event=0x02" and "2.3283064365386962890625e-10".
std::optional<RaplEvent> parse_rapl_event(std::string_view event, std::string_view scale);
// CPUs of a list as the kernel writes it: "0,64" or "0-3,8".
std::vector<int> parse_cpu_list(std::string_view list);

class RaplPerf : public Provider {
 public:
  explicit RaplPerf(Roots roots) : roots_(std::move(roots)) {}
  ~RaplPerf() override;
  Probe probe() override;
  void sweep(std::span<Reading> readings) override;

 private:
  void open_events(const std::string& folder, int type, int cpu, Probe& probe, Source& source);

  const Roots roots_;
  std::vector<int> events_;
};

}  // namespace headrace::telemetry

// A provider: one way to read sensors. Found at run time, never linked.
//
// A reading that fails is a gap, never a number: readings come to sweep() as gaps, and a provider
// only sets what it truly read.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/read_failure.h"
#include "model/sensor.h"
#include "telemetry/telemetry.h"

namespace headrace::telemetry {

struct SensorSpec {
  Sensor sensor;
  // The last unchanged reading before a change is worth keeping: a kernel's counter truly stood
  // still until then, a counter of energy was refreshed after it. False for a gauge that shows a
  // mean.
  bool keeps_edges = true;
  // How often the source says that it refreshes; 0: it does not say.
  int64_t period_ns = 0;
  // Recorded once a second, changed or not.
  bool only_heartbeat = false;
  // Counts this process's CPU time in ns, whose value is known from the moment capture began.
  bool counts_cpu_ns = false;
};

struct Reading {
  uint64_t raw = 0;
  bool ok = false;
  ReadFailure why = ReadFailure::kFailed;  // where not ok
  // When the source took it, on the monotonic clock, if it says so; 0: as it was read.
  int64_t taken_ns = 0;
  void set(uint64_t value) { raw = value, ok = true; }
};

// What a provider found: the sensors it can read now, and how to tell a user about it.
struct Probe {
  std::vector<SensorSpec> sensors;
  std::vector<Source> sources;
};

class Provider {
 public:
  Provider() = default;
  virtual ~Provider() = default;
  Provider(const Provider&) = delete;
  Provider& operator=(const Provider&) = delete;

  // probe() may take long, as a driver starts up: it is called on a thread of its own.
  virtual bool is_slow() const { return false; }
  // Opens what can be opened. Once, before the first sweep.
  virtual Probe probe() = 0;
  // Reads every sensor of probe(), in its order.
  virtual void sweep(std::span<Reading> readings) = 0;
  // The same, where only counters of energy are wanted: others may be left out, for those that cost
  // much to read.
  virtual void sweep_counters(std::span<Reading> readings) { sweep(readings); }
};

}  // namespace headrace::telemetry

// Telemetry of this process and its node: what a program calls to have it, and what there is.
//
//   telemetry::install();      // once, e.g. when the module is imported
//
// From then on a sampler thread runs in every process that records, from its first event to its
// end. HEADRACE_TELEMETRY=0 turns it off, HEADRACE_TELEMETRY_HZ (0.1 to 1000) keeps it at one rate;
// without it, it reads as often as sources refresh and tasks need (telemetry/pace.h).
#pragma once

#include <string>
#include <vector>

#include "model/sensor.h"

namespace headrace::telemetry {

// Makes the sampler the recorder's companion; starts it now if the recorder is at work already.
// Any thread, any number of times. Costs nothing until the first event.
void install() noexcept;

// One place that readings may come from, on this machine, for this user, now.
struct Source {
  std::string name;     // powercap, nvml, estimate, proc
  bool energy = false;  // it gives joules, measured or estimated
  bool readable = false;
  Truth truth = Truth::kMeasured;
  std::string domains;  // where readable: what it covers, e.g. "node/cpu-0 node/dram-0"
  std::string detail;   // what cannot be read, and why
  std::string enable;   // the command that would change that; empty: none would
  std::string method;   // of an estimate, with its assumption
};

// Probes every source; opens devices and closes them again. Takes up to a second with GPUs.
std::vector<Source> describe_sources();

}  // namespace headrace::telemetry

extern "C" {
// The same as install(), for callers without C++ and for a weak reference.
void hr_telemetry_install(void);
}

// A machine to emulate, written down as text: what its parts draw, which instruments show it, and
// what goes wrong.
//
//   power cpu-0  70W 2s 250W 4s 70W repeat 6s     from 0: 70 W, from 2 s: 250 W, ...
//   meter powercap package-0 cpu-0 period=1ms range=262143328850uJ
//   meter nvml 0 gpu-0 period=100ms jitter=0.03 duty=0.25 uuid=GPU-1111...
//   fault nvml 0 lost 10s 12s                     from, and until; neither: always
//
// One statement a line; what follows a # is a remark. docs/lab.md lists kinds and keys.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lab/meter.h"

namespace headrace::lab {

struct Instrument {
  std::string kind;   // powercap, cray, hwmon, nvml, amd, ...
  std::string name;   // among those of its kind
  std::string power;  // the trace's name
  PowerTrace trace;
  Habit habit;
  std::map<std::string, std::string> keys;  // what only its kind understands
  std::vector<Fault> faults;

  Meter meter() const { return {trace, habit, faults}; }
  std::string key(const std::string& which, const std::string& otherwise) const;
};

struct Scenario {
  std::map<std::string, PowerTrace> traces;
  std::vector<Instrument> instruments;

  // Errors: kInvalidArgument with the line.
  static Result<Scenario> parse(std::string_view text);
  std::vector<Instrument> of_kind(std::string_view kind) const;
};

}  // namespace headrace::lab

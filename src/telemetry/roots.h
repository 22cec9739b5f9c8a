// Where `/proc` and `/sys` are: elsewhere in tests, and where a host's are mounted into a
// container.
#pragma once

#include <string>

namespace headrace::telemetry {

struct Roots {
  std::string proc = "/proc";
  std::string sysfs = "/sys";
};

// HEADRACE_PROC_ROOT and HEADRACE_SYSFS_ROOT, else the usual places.
Roots roots_from_environment();

}  // namespace headrace::telemetry

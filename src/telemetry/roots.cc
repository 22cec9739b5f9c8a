#include "telemetry/roots.h"

#include <cstdlib>

namespace headrace::telemetry {

Roots roots_from_environment() {
  Roots roots;
  if (const char* proc = std::getenv("HEADRACE_PROC_ROOT"); proc != nullptr && *proc != '\0') {
    roots.proc = proc;
  }
  if (const char* sysfs = std::getenv("HEADRACE_SYSFS_ROOT"); sysfs != nullptr && *sysfs != '\0') {
    roots.sysfs = sysfs;
  }
  return roots;
}

}  // namespace headrace::telemetry

#include "capture/ring_directory.h"

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace headrace::capture {

std::filesystem::path ring_directory() {
  const char* set = std::getenv("HEADRACE_RING_DIR");
  if (set != nullptr && *set != '\0') return set;
  return "/dev/shm/headrace-" + std::to_string(getuid());
}

std::string ring_file_name(ProducerId producer) {
  char name[32];
  std::snprintf(name, sizeof name, "%015" PRIx64 ".ring", producer);
  return name;
}

}  // namespace headrace::capture

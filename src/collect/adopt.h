// Adoption: what processes left in their rings when they were killed becomes segments of theirs.
//
//   adopt(directory, Liveness());     // at the start of every fold; by `headrace run`
//
// Only rings of owners that are certainly dead are touched, one collector at a time each. A ring is
// unlinked when everything in it is durable in a segment or in quarantine; a collector that is
// killed anywhere before leaves it for the next one, which comes to the same bytes.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/liveness.h"
#include "base/status.h"
#include "spool/directory.h"

namespace headrace::collect {

struct AdoptOptions {
  // How a process ended, where the caller knows: "signal 9", "exit code 3".
  std::function<std::string(int64_t pid)> ended_by;
};

struct AdoptReport {
  uint64_t rings = 0;            // adopted, each one producer
  uint64_t records = 0;          // in them; some were in segments already
  uint64_t open_tasks = 0;       // that they had begun and not ended
  uint64_t waiting_samples = 0;  // that they had read and not yet recorded
  uint64_t damaged = 0;          // places that went to quarantine
  // Rings that could not be adopted, and the first reason: a folder that cannot be written, a full
  // disk. They stay for the next collector.
  uint64_t left = 0;
  Status problem;
};

AdoptReport adopt(const Directory& directory, const Liveness& liveness,
                  const AdoptOptions& options = {});

// Whether adopt() would find a ring. Reads the names of two folders and the head of each ring.
bool has_dead_rings(const Directory& directory, const Liveness& liveness);

}  // namespace headrace::collect

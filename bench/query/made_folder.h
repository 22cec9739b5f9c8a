// Writes the made tasks (made_tasks.h) as segments, with telemetry beside them, and folds them.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/status.h"

namespace headrace::bench {

struct MadeFolder {
  std::filesystem::path root;  // the folder .headrace
  uint64_t tasks = 0;
  uint64_t segment_bytes = 0;
  double fold_s = 0;    // of the tasks, workflows and samples
  double energy_s = 0;  // of dividing the energy
};

// `folder` must not hold a .headrace yet. Each producer's process burns one CPU of a node whose
// package draws 100 W, sampled ten times a second.
Result<MadeFolder> make_folder(const std::filesystem::path& folder, uint64_t tasks);

}  // namespace headrace::bench

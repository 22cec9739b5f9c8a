// One kind of kernel interface, emulated: writes its files as they stand at a time. Each reads the
// instruments of its kind from a scenario; a scenario without any gives an exhibit without files.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "lab/file_tree.h"
#include "lab/scenario.h"

namespace headrace::lab {

struct Trees {
  FileTree& sysfs;
  FileTree& proc;
};

// Writes the files as they stand at a time.
using Exhibit = std::function<void(int64_t now_ns, Trees& trees)>;

Exhibit powercap_files(const Scenario& scenario);  // <sysfs>/class/powercap
Exhibit cray_files(const Scenario& scenario);      // <sysfs>/cray/pm_counters
Exhibit hwmon_files(const Scenario& scenario);     // <sysfs>/class/hwmon
Exhibit amdgpu_files(const Scenario& scenario);    // <sysfs>/class/drm/cardN/device
Exhibit cgroup_files(const Scenario& scenario);    // <sysfs>/fs/cgroup and <proc>/self/cgroup
Exhibit pressure_files(const Scenario& scenario);  // <proc>/pressure
Exhibit lustre_files(const Scenario& scenario);    // <proc>/fs/lustre/llite

// The number as a kernel prints it; half of its digits where the answer is torn.
std::string line_of(uint64_t number, bool torn);

}  // namespace headrace::lab

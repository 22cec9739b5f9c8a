// The machine a run happened on, from /proc and /sys alone.
#pragma once

#include <filesystem>

#include "run/nested_map.h"

namespace headrace::run {

// host, kernel, distribution, architecture, cpu {model, sockets, cores, threads, allowed, max_mhz},
// memory_bytes, swap_bytes, cgroup limits where set, gpus [model, ...], virtualisation if it says.
// `root`: where proc, sys and etc are, "/" but in tests. What cannot be read is left out.
NestedMap read_machine(const std::filesystem::path& root = "/");

}  // namespace headrace::run

// Bounds of this whole process, set by itself; none of them can be taken back.
#pragma once

#include <cstdint>

#include "base/status.h"

namespace headrace::query {

// Before files are opened and threads started: address space, CPU time (then SIGXCPU), no byte
// written to any file, few descriptors, no core dump, no new privileges, every descriptor beyond
// stderr closed, and an end with the thread that started this process. Errors: kIo.
Status bound_resources(uint64_t memory_bytes, int64_t cpu_s);

// From here on this process may compute, use memory, read and write what it has open, and start
// threads: no file can be opened, no socket made, no program started, no other process signalled
// or looked at; such a call fails with EPERM. Holds for all its threads. Errors: kUnsupported where
// the kernel has no seccomp filters, and on machines other than x86-64 and aarch64.
Status bound_calls();

}  // namespace headrace::query

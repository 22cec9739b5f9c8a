// What a finished process used, itself and the processes it waited for.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include "run/nested_map.h"

namespace headrace::run {

// What /proc/PID/io says of a process that ended and is not yet waited for. Empty where that is not
// allowed: read_bytes, written_bytes (from and to storage), read_chars, written_chars (all reads
// and writes), reads, writes.
NestedMap read_io(pid_t zombie);

// User and system time together.
double cpu_seconds(const rusage& usage);

// user_s, system_s, max_rss_bytes (of the largest process), minor_faults, major_faults,
// voluntary_switches, involuntary_switches, and `io` if it is not empty.
NestedMap resources_of(const rusage& usage, const NestedMap& io);

}  // namespace headrace::run

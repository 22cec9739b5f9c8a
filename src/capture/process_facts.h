// What a producer says of its process, so that records can be placed: host, process, rank.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace headrace::capture {

using ProcessFacts = std::vector<std::pair<std::string, std::string>>;

// Keys: host, pid, parent_pid, boot_id, start_time_ticks (field 22 of /proc/self/stat; with boot_id
// and pid it names one process for ever), user, executable, command, cwd, rank, ranks, local_rank,
// launcher, tick_source. Absent where not known.
ProcessFacts process_facts();

// The program's short name: of its script where an interpreter runs one.
std::string program_name();

}  // namespace headrace::capture

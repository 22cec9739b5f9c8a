// The environment in which a recorded workflow runs again.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace headrace::cli {

// Ours ("NAME=value"), but without what would tie it to a folder, workflow or parent of ours, and
// with those variables that decide how a program computes as they were recorded: set to what they
// were, unset where they were not set. What was recorded with a secret left out or cut short, and
// what says where a program runs (host, rank, batch system), stays ours. With nothing recorded so
// does all.
std::vector<std::string> rerun_environment(const std::map<std::string, std::string>& recorded);

}  // namespace headrace::cli

// Where the library is that programs are given, and how they are given it.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace headrace::box {

// Beside this program in a build tree (../lib), an installation (../lib*/headrace) and a wheel
// (where DuckDB's library is). HEADRACE_BOX_LIBRARY overrides. Errors: kNotFound with the places
// that were looked at; kUnsupported where its path cannot stand in LD_PRELOAD (a space or colon).
Result<std::string> find_shim();

// "NAME=value" for the environment of a program whose images are to log into `log_folder`:
// HEADRACE_BOX, LD_PRELOAD (what is there stays, in front), ASAN_OPTIONS (so that the sanitizer's
// runtime does not mind).
std::vector<std::string> shim_variables(const std::string& shim, const std::string& log_folder);

}  // namespace headrace::box

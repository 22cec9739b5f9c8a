// The process that answers one question for LimitedQueries.
#pragma once

#include <string_view>

namespace headrace::query {

// The only word on the command line of such a process.
inline constexpr std::string_view kLimitedChildWord = "__limited-query";

// Whether this process was started as one; main() asks first of all.
inline bool is_limited_child(int argc, const char* const* argv) {
  return argc == 2 && argv[1] == kLimitedChildWord;
}

// Takes the question from stdin, bounds this process, opens the store, shuts everything else off,
// and writes the answer to stdout and then what became of it to stderr (limited_wire.h). The
// result is the process's exit code: 0 when it could say what became of it.
int limited_child();

}  // namespace headrace::query

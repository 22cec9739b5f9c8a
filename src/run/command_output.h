// Asks a program a question: its stdout, within a bound of time and size. For git; not for what the
// user runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace headrace::run {

struct CommandOutput {
  std::string text;
  int exit_code = 0;
  bool cut = false;  // there was more than `limit_bytes`
};

// Runs `command` (found on PATH) with no stdin and no stderr, `extra_environment` ("NAME=value")
// added. Ends it with SIGKILL at `deadline_ns` (CLOCK_MONOTONIC).
// Errors: kNotFound when there is no such program, kUnavailable when it took too long, kIo.
Result<CommandOutput> output_of(const std::vector<std::string>& command,
                                const std::vector<std::string>& extra_environment,
                                int64_t deadline_ns, size_t limit_bytes);

}  // namespace headrace::run

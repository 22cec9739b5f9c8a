// Runs a program to its end, or to the end of its time or of the room for its output.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/status.h"

namespace headrace::query {

struct ProcessBounds {
  int64_t wall_ms = 0;
  uint64_t output_bytes = 0;
  int stop_fd = -1;  // when it can be read, nobody wants the answer any more
};

struct ProcessEnd {
  std::string output;           // its stdout, up to the bound
  std::string errors;           // its stderr, up to 64 KiB
  int signal = 0;               // that ended it; 0: none
  bool is_out_of_time = false;  // killed here, for that reason
  bool is_too_long = false;     // its stdout
  bool is_unwanted = false;     // killed here, for stop_fd
};

// `word` is its one argument, `input` its stdin. It gets no variable of this process's environment
// but where libraries are found, no signal settings and no descriptors. It does not outlive the
// call: it is killed by its number, which is its own until this has waited for it; so nothing else
// in this process may wait for any child. Errors: kIo when it cannot be started.
Result<ProcessEnd> run_bounded(const std::filesystem::path& program, std::string_view word,
                               std::string_view input, const ProcessBounds& bounds);

}  // namespace headrace::query

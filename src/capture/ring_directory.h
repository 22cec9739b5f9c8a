// Where ring files lie.
#pragma once

#include <filesystem>
#include <string>

#include "base/id.h"
#include "spool/directory.h"

namespace headrace::capture {

// HEADRACE_RING_DIR, else /dev/shm/headrace-<uid>. Whoever looks for ring files looks here and in
// the spool folder. Creates nothing.
std::filesystem::path ring_directory();

// "<producer, 15 hex digits>.ring"
std::string ring_file_name(ProducerId producer);

}  // namespace headrace::capture

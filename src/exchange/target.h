// A place to which something is handed on: never instead of what is there, unless that was asked
// for.
#pragma once

#include <filesystem>

#include "base/status.h"
#include "base/whole_file.h"

namespace headrace::exchange {

// kInvalidArgument when `path` is there and `force` is not.
Status may_write(const std::filesystem::path& path, bool force);

// Errors: as may_write, and kIo.
Result<WholeFile> open_target(const std::filesystem::path& path, bool force);

}  // namespace headrace::exchange

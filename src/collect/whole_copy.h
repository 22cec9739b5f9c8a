// Copies of files that are there whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/status.h"

namespace headrace::collect {

// Copies `from` unless `to` is there; true if it was copied. The copy takes its name when it is
// whole, and has the time of the original. Errors: kIo; kNotFound when `from` is not there.
Result<bool> copy_whole(const std::filesystem::path& from, const std::filesystem::path& to);

// The same for every file below a folder; a missing one counts as empty. Names that end in `.part`
// are being written and are left. Returns how many were copied.
Result<uint64_t> copy_missing(const std::filesystem::path& from, const std::filesystem::path& to);

// Copies segments into a folder. One that is sealed meanwhile is copied under its new name.
// Returns how many.
Result<uint64_t> copy_segments(const std::vector<std::filesystem::path>& segments,
                               const std::filesystem::path& to);

}  // namespace headrace::collect

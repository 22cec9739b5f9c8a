// A file as an object: what lineage follows from the program that wrote it to the one that read it.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/id.h"
#include "base/status.h"
#include "capture/fields.h"

namespace headrace::capture {

// Records the file as it is now: `attributes` (role kAttribute) and, after them, name, path,
// sha256 and size_bytes. The path is made absolute and its links are followed, so that one file has
// one id whatever it was called. Reads the whole file.
// Errors: kNotFound, kIo, kInvalidArgument for a folder; nothing is recorded then.
Result<Uuid> record_file(const std::filesystem::path& path, std::string_view kind,
                         Fields attributes = {});

}  // namespace headrace::capture

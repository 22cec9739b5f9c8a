// A store copied into memory, for folding where the file cannot be written.
#pragma once

#include <filesystem>

#include "store/store.h"

namespace headrace::collect {

// Every table of the store at `file` in a new store in memory; an empty one when there is no file.
// Errors: those of opening the file; kUnsupported when its schema is another version.
Result<store::Store> copy_to_memory(const std::filesystem::path& file,
                                    const store::StoreOptions& options);

}  // namespace headrace::collect

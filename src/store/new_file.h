// Makes a store's file so that it is there whole or not at all.
//
// DuckDB makes a file by opening it with O_TRUNC and locks it afterwards: of two processes that
// find none, the later empties what the earlier has just begun to write.
#pragma once

#include <filesystem>

#include "base/status.h"

namespace headrace::store {

// An empty database at `file`, unless there is a file; whoever is first. It is made beside it,
// under a name of this process's, and linked. Where links are refused (some network folders)
// nothing is made, and whoever opens it makes it. Errors: kIo, and those of opening a database.
[[nodiscard]] Status make_file_if_absent(const std::filesystem::path& file);

}  // namespace headrace::store

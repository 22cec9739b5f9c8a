// Bytes beside the store that no object of it speaks of.
#pragma once

#include <filesystem>
#include <vector>

#include "base/status.h"
#include "spool/directory.h"
#include "store/database.h"

namespace headrace::collect {

// Files in the folder's blobs that no object names. None while a process is known to run, whose
// records of a blob may still be on their way.
Result<std::vector<std::filesystem::path>> unused_blobs(const Directory& directory,
                                                        const store::Connection& connection);

}  // namespace headrace::collect

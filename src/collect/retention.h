// Keeps folded segments within a quota.
#pragma once

#include <cstdint>

#include "spool/directory.h"
#include "store/database.h"

namespace headrace::collect {

// Deletes the oldest sealed segments that the store holds completely until the rest of them takes
// `kept_bytes` or less. A segment that is still needed, or cannot be deleted, stays; so does the
// newest of a producer that has not ended, whose names its ring needs (collect/adopt.h). Returns
// how many were deleted.
uint64_t delete_old_segments(const Directory& directory, const store::Connection& connection,
                             uint64_t kept_bytes);

}  // namespace headrace::collect

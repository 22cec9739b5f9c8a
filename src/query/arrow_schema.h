// Copies of Arrow schemas.
#pragma once

#include "query/arrow_abi.h"

namespace headrace::query {

// Makes `out` independent of `from`: format, names, flags and children. Metadata stays behind, so
// an extension type is read as what it is stored as; moments are marked as UTC. `out->release` is
// the caller's to call.
void copy_schema(const ArrowSchema& from, ArrowSchema* out);

}  // namespace headrace::query

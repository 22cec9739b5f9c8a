// A store of an older schema version, for which there is no migration, built again from segments.
#pragma once

#include "base/status.h"
#include "collect/open.h"

namespace headrace::collect {

// Whether the store has an older schema version and Store::open could not bring it to ours.
bool is_outdated(const Directory& directory, const store::StoreOptions& options);

// Builds a new store beside the old one and lets it take the old one's name when it is whole;
// until then, whatever happens, the old one stays. A sentence about it. Errors: kUnsupported when
// segments that the old store was folded from are not there any more, so that something would be
// lost; those of a fold.
Result<std::string> rebuild(const Directory& directory, const OpenOptions& options);

}  // namespace headrace::collect

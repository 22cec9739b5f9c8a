// Bytes that make no sense to whoever records, set aside where the next fold lists them:
// `.headrace/quarantine/<producer>.<from>@<hash>.bin` and, written last, `.reason`.
#pragma once

#include <string_view>

#include "base/id.h"
#include "base/status.h"
#include "spool/directory.h"

namespace headrace {

// `from`: what they come from, a word. The same bytes for the same reason are kept once: then
// `is_known` is set. Errors: kIo.
Status set_aside(const Directory& directory, ProducerId producer, std::string_view from,
                 std::string_view bytes, std::string_view reason, bool* is_known);

}  // namespace headrace

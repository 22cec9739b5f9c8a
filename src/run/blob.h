// Bytes that are too long for a record, kept beside the spool under their own hash:
// `.headrace/blobs/ab/<sha256>`. The same bytes are kept once.
#pragma once

#include <string>
#include <string_view>

#include "base/id.h"
#include "base/status.h"
#include "spool/directory.h"

namespace headrace::run {

// Writes the bytes if they are not there yet. Returns their SHA-256 in hex. A reader never sees a
// part of them. Errors: kIo.
Result<std::string> write_blob(const Directory& directory, std::string_view bytes);

// Writes them and records an object of that kind and name: its attributes are sha256, size_bytes,
// media_type and path, from the folder `.headrace`. Equal bytes of a kind are one object.
Result<Uuid> record_blob(const Directory& directory, std::string_view kind, std::string_view name,
                         std::string_view media_type, std::string_view bytes);

}  // namespace headrace::run

// Arrow's IPC stream format (https://arrow.apache.org/docs/format/Columnar.html, "IPC Streaming
// Format", metadata version V5): what `--format arrow` writes and every Arrow reader opens.
#pragma once

#include <functional>
#include <string_view>

#include "base/status.h"
#include "query/arrow_abi.h"

namespace headrace::query {

// Reads `stream` to its end and hands the bytes to `write` piece by piece; one batch is in memory
// at a time. The stream stays the caller's to release. Extension names are left out, so a UUID or a
// JSON text arrives as a plain string. Dictionary-encoded columns (ENUM) are refused.
Status write_arrow_ipc(ArrowArrayStream* stream,
                       const std::function<Status(std::string_view)>& write);

}  // namespace headrace::query

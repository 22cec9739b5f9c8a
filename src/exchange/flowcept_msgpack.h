// MessagePack as one nested value (encode/nested.h).
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace headrace::exchange {

// Every type of https://github.com/msgpack/msgpack/blob/master/spec.md: integers to 64 bits, a
// timestamp becomes a time, another extension bytes. Keys of maps may be anything.
// Errors: kCorrupt with the offset where the bytes end early, say a reserved type, are deeper than
// kMaxNestedDepth, or go on behind the value.
Result<std::string> nested_from_msgpack(std::string_view bytes);

}  // namespace headrace::exchange

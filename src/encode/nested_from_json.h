// JSON text as one nested value: how facts that other programs write as JSON enter a record.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace headrace {

// Integers that fit 64 bits stay integers, others become big integers; the objects with one '$' key
// that nested_to_json makes are kept as maps. Duplicate keys are all kept. A lone surrogate becomes
// its 3-byte form.
// Errors: kCorrupt with the offset where the text stops being JSON (RFC 8259), or is deeper than
// kMaxNestedDepth.
// `numbers`: kPython takes NaN, Infinity and -Infinity too, which Python's json writes.
enum class JsonNumbers { kPlain, kPython };
Result<std::string> nested_from_json(std::string_view json,
                                     JsonNumbers numbers = JsonNumbers::kPlain);

}  // namespace headrace

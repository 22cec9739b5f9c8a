// A moment as ISO 8601 writes it, whatever the year.
#pragma once

#include <cstdint>
#include <string>

namespace headrace {

// "2026-11-21T14:03:05.123456789Z" of seconds since the epoch and the ns within the last: also of
// years that 64 bits of ns do not reach. Years have four digits at least, and a minus before year
// 0.
std::string moment_text(int64_t seconds, int64_t ns);

}  // namespace headrace

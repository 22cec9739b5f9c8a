// memcpy of what mostly is a few bytes of a length known only at run time, without the library's
// call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace headrace {

// `from` and `to` do not overlap.
inline void copy_short(char* to, const char* from, size_t size) {
  // The first and the last bytes, which may be the same ones in part: all are read before any is
  // written, and each load of the copy later falls into one of these stores.
  const auto ends = [&](auto first) {
    auto last = first;
    std::memcpy(&first, from, sizeof first);
    std::memcpy(&last, from + size - sizeof last, sizeof last);
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + size - sizeof last, &last, sizeof last);
  };
  struct Sixteen {
    uint64_t words[2];
  };
  if (size > 32) {
    std::memcpy(to, from, size);
  } else if (size >= 16) {
    ends(Sixteen{});
  } else if (size >= 8) {
    ends(uint64_t{0});
  } else if (size >= 4) {
    ends(uint32_t{0});
  } else if (size > 0) {
    const char middle = from[size / 2];
    const char last = from[size - 1];
    to[0] = from[0];
    to[size / 2] = middle;
    to[size - 1] = last;
  }
}

}  // namespace headrace

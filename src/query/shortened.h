// Captured text within a line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace headrace::query {

constexpr size_t kLongestInLine = 60;  // bytes

// Its beginning and … where it is longer than `most` bytes; no character is cut in two.
inline std::string shortened(std::string_view text, size_t most = kLongestInLine) {
  if (text.size() <= most) return std::string(text);
  size_t end = most;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

}  // namespace headrace::query

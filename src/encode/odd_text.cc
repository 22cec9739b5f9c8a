#include "encode/odd_text.h"

#include <cstdint>

#include "base/bytes.h"

namespace headrace {
namespace {

constexpr char kHex[] = "0123456789abcdef";

// The code point of a surrogate's 3-byte form at the start of `text`; 0 when there is none.
uint32_t surrogate(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.size() < 3 || at(0) != 0xED || at(1) < 0xA0 || at(1) > 0xBF || (at(2) & 0xC0) != 0x80) {
    return 0;
  }
  return 0xD000u | (at(1) & 0x3Fu) << 6 | (at(2) & 0x3Fu);
}

// The length of the well-formed character at `at`, 0 when there is none.
size_t character_length(const unsigned char* at, const unsigned char* end) {
  const unsigned char lead = *at;
  if (lead < 0x80) return 1;
  size_t length = 0;
  uint32_t code = 0;
  uint32_t least = 0;
  if (lead >= 0xC2 && lead < 0xE0) {
    length = 2, code = lead & 0x1Fu, least = 0x80;
  } else if (lead >= 0xE0 && lead < 0xF0) {
    length = 3, code = lead & 0x0Fu, least = 0x800;
  } else if (lead >= 0xF0 && lead < 0xF5) {
    length = 4, code = lead & 0x07u, least = 0x10000;
  } else {
    return 0;
  }
  if (static_cast<size_t>(end - at) < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at[i] & 0xC0) != 0x80) return 0;
    code = code << 6 | (at[i] & 0x3Fu);
  }
  const bool exists = code >= least && code <= 0x10FFFF && (code < 0xD800 || code >= 0xE000);
  return exists ? length : 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = at + text.size();
  while (at < end) {
    if (end - at >= 8 && (load_le<uint64_t>(at) & 0x8080808080808080ull) == 0) {
      at += 8;
      continue;
    }
    const size_t length = character_length(at, end);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string escaped_text(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  const auto* const end = reinterpret_cast<const unsigned char*>(text.data()) + text.size();
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text[0]);
    const size_t length =
        character_length(reinterpret_cast<const unsigned char*>(text.data()), end);
    if (byte == '\\') {
      out += "\\\\";
      text.remove_prefix(1);
    } else if (length > 0) {
      out += text.substr(0, length);
      text.remove_prefix(length);
    } else if (const uint32_t code = surrogate(text); code != 0) {
      out += "\\u";
      for (int shift = 12; shift >= 0; shift -= 4) out += kHex[code >> shift & 15];
      text.remove_prefix(3);
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
      text.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace headrace

#include "query/utf8.h"

namespace headrace::query {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

size_t width_of(uint32_t point) {
  if ((point >= 0x300 && point < 0x370) || (point >= 0x200B && point <= 0x200F) ||
      (point >= 0xFE00 && point <= 0xFE0F) || (point >= 0x20D0 && point < 0x2100)) {
    return 0;
  }
  const bool wide =
      (point >= 0x1100 && point <= 0x115F) || (point >= 0x2E80 && point <= 0xA4CF) ||
      (point >= 0xAC00 && point <= 0xD7A3) || (point >= 0xF900 && point <= 0xFAFF) ||
      (point >= 0xFE30 && point <= 0xFE6F) || (point >= 0xFF00 && point <= 0xFF60) ||
      (point >= 0xFFE0 && point <= 0xFFE6) || (point >= 0x1F300 && point <= 0x1F64F) ||
      (point >= 0x1F900 && point <= 0x1F9FF) || (point >= 0x20000 && point <= 0x3FFFD);
  return wide ? 2 : 1;
}

// The length of the escape sequence at the front of `text`, which begins with ESC.
size_t escape_length(std::string_view text) {
  if (text.size() < 2) return 1;
  if (text[1] == '[') {
    size_t end = 2;
    while (end < text.size() && text[end] >= 0x20 && text[end] < 0x40) ++end;
    return end < text.size() ? end + 1 : end;
  }
  if (text[1] == ']' || text[1] == 'P' || text[1] == '_' || text[1] == '^') {
    for (size_t end = 2; end < text.size(); ++end) {
      if (text[end] == '\a') return end + 1;
      if (text[end] == '\x1b')
        return end + 1 < text.size() && text[end + 1] == '\\' ? end + 2 : end;
    }
    return text.size();
  }
  return 2;
}

}  // namespace

uint32_t decode_utf8(std::string_view text, size_t length) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(text[i])); };
  switch (length) {
    case 1: return byte(0);
    case 2: return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
    case 3: return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    default:
      return (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 |
             (byte(3) & 0x3F);
  }
}

size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const auto first = static_cast<uint8_t>(text[0]);
  const size_t length = first < 0x80                    ? 1
                        : first >= 0xC2 && first < 0xE0 ? 2
                        : first >= 0xE0 && first < 0xF0 ? 3
                        : first >= 0xF0 && first < 0xF5 ? 4
                                                        : 0;
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((static_cast<uint8_t>(text[i]) & 0xC0) != 0x80) return 0;
  }
  const uint32_t point = decode_utf8(text, length);
  if (length == 3 && (point < 0x800 || (point >= 0xD800 && point < 0xE000))) return 0;
  if (length == 4 && (point < 0x10000 || point > 0x10FFFF)) return 0;
  return length;
}

void append_utf8(uint32_t point, std::string* out) {
  if (point < 0x80) {
    *out += static_cast<char>(point);
  } else if (point < 0x800) {
    *out += static_cast<char>(0xC0 | point >> 6);
    *out += static_cast<char>(0x80 | (point & 0x3F));
  } else if ((point >= 0xD800 && point < 0xE000) || point > 0x10FFFF) {
    *out += kReplacement;
  } else if (point < 0x10000) {
    *out += static_cast<char>(0xE0 | point >> 12);
    *out += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    *out += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    *out += static_cast<char>(0xF0 | point >> 18);
    *out += static_cast<char>(0x80 | (point >> 12 & 0x3F));
    *out += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    *out += static_cast<char>(0x80 | (point & 0x3F));
  }
}

size_t display_width(std::string_view text) {
  size_t width = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_length(text.substr(at));
    width += length == 0 ? 1 : width_of(decode_utf8(text.substr(at), length));
    at += length == 0 ? 1 : length;
  }
  return width;
}

size_t acting_length(std::string_view text) {
  const size_t length = utf8_length(text);
  if (length < 2 || length > 3) return 0;
  const uint32_t point = decode_utf8(text, length);
  const bool acts = (point >= 0x80 && point < 0xA0) || point == 0x061C || point == 0x200E ||
                    point == 0x200F || (point >= 0x2028 && point <= 0x202E) ||
                    (point >= 0x2066 && point <= 0x2069);
  return acts ? length : 0;
}

namespace {

std::string shown(std::string_view text, bool keep_lines) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    const char c = rest[0];
    if (c == '\x1b') {
      at += escape_length(rest);
      continue;
    }
    const size_t length = utf8_length(rest);
    if (c == '\n' || c == '\t') {
      out += keep_lines ? c : ' ';
    } else if (c == '\r') {
      out += ' ';
    } else if (length == 0 || static_cast<uint8_t>(c) < 0x20 || c == 0x7F ||
               acting_length(rest) > 0) {
      out += kReplacement;
    } else {
      out += rest.substr(0, length);
    }
    at += length == 0 ? 1 : length;
  }
  return out;
}

}  // namespace

std::string terminal_text(std::string_view text) { return shown(text, false); }
std::string terminal_lines(std::string_view text) { return shown(text, true); }

}  // namespace headrace::query

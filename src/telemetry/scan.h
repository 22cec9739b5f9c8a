// Reading numbers and lines out of kernel text without allocating.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace headrace::telemetry {

inline std::string_view skip_blanks(std::string_view text) {
  const size_t at = text.find_first_not_of(" \t");
  return at == std::string_view::npos ? std::string_view() : text.substr(at);
}

// Takes the next word of the line off the front of `text`; empty at the line's end.
inline std::string_view take_word(std::string_view& text) {
  text = skip_blanks(text);
  const size_t end = text.find_first_of(" \t\n");
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(word.size());
  return word;
}

// Takes the next line off the front of `text`, without its end.
inline std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// The whole of `word` as a number; nothing when it is none or does not fit.
inline std::optional<uint64_t> number(std::string_view word) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || word.empty()) return std::nullopt;
  return value;
}

inline std::optional<uint64_t> take_number(std::string_view& text) {
  return number(take_word(text));
}

inline std::string_view trimmed(std::string_view text) {
  text = skip_blanks(text);
  const size_t last = text.find_last_not_of(" \t\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

// The number that a file of one number holds. Nothing where its line has no end: then there are
// more digits to come.
inline std::optional<uint64_t> only_number(std::string_view text) {
  if (text.find('\n') == std::string_view::npos) return std::nullopt;
  return number(trimmed(text));
}

}  // namespace headrace::telemetry

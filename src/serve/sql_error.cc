#include "serve/sql_error.h"

#include <algorithm>
#include <charconv>

namespace headrace::serve {
namespace {

constexpr std::string_view kLine = "\nLINE ";
constexpr std::string_view kDots = "...";

// Where line `number` (from 1) begins; npos when there are fewer.
size_t line_begin(const std::string& sql, size_t number) {
  size_t at = 0;
  for (; number > 1; --number) {
    at = sql.find('\n', at);
    if (at == std::string::npos) return at;
    ++at;
  }
  return at;
}

// Bytes that begin a character of UTF-8.
int64_t characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
}

}  // namespace

std::optional<int64_t> take_sql_place(const std::string& sql, std::string* message) {
  const size_t begin = message->rfind(kLine);
  if (begin == std::string::npos || !message->ends_with('^')) return std::nullopt;
  const std::string place = message->substr(begin + 1);
  message->resize(begin);
  const size_t text_end = place.find('\n');
  const size_t colon = place.find(": ");
  if (text_end == std::string::npos || colon > text_end) return std::nullopt;
  size_t number = 0;
  const char* digits = place.data() + kLine.size() - 1;
  if (std::from_chars(digits, place.data() + colon, number).ec != std::errc()) return std::nullopt;
  const size_t line = line_begin(sql, std::max<size_t>(number, 1));
  if (line == std::string::npos) return std::nullopt;
  std::string shown = place.substr(colon + 2, text_end - colon - 2);
  // The caret stands under a character, whatever number of bytes those before it have.
  const size_t caret = place.size() - 1 - (text_end + 1);
  if (caret < colon + 2) return std::nullopt;
  auto at = static_cast<int64_t>(caret - (colon + 2));
  const int64_t before = characters(std::string_view(sql).substr(0, line));
  // DuckDB shows only what is near, between dots, of a long line.
  if (shown.starts_with(kDots) && at >= static_cast<int64_t>(kDots.size())) {
    shown.erase(0, kDots.size());
    at -= static_cast<int64_t>(kDots.size());
    if (shown.ends_with(kDots)) shown.resize(shown.size() - kDots.size());
    const size_t found = sql.find(shown, line);
    if (found == std::string::npos) return std::nullopt;
    at += characters(std::string_view(sql).substr(line, found - line));
  }
  return before + at > characters(sql) ? std::nullopt : std::optional(before + at);
}

}  // namespace headrace::serve

// Whether what a filter finds changes with the clock, while the store stays the same.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace headrace::serve {

// True for each filter with a time that query::parse_time counts from now: `today`, `yesterday`,
// `now`, `-2h`. True for some others too: a name with such a word in it, a date, or a backslash.
inline bool counts_from_now(std::string_view filter) {
  std::string text(filter);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const char* word : {"today", "yesterday", "now", "\\"}) {
    if (text.find(word) != std::string::npos) return true;
  }
  return std::adjacent_find(text.begin(), text.end(), [&](char sign, char next) {
           return sign == '-' && (is_digit(next) || next == '.');
         }) != text.end();
}

}  // namespace headrace::serve

// Names that are equal whatever the case of their ASCII letters, as SQL's and HTTP's are. Other
// bytes are left as they are, and the process's locale is not asked.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace headrace {

constexpr char lower_case(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

inline std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower_case(c);
  return out;
}

inline bool same_but_for_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower_case(x) == lower_case(y); });
}

}  // namespace headrace

// Texts as exec and posix_spawn take them.
#pragma once

#include <string>
#include <vector>

namespace headrace {

// A pointer to each text, and a null at the end; valid as long as `texts` is. The calls that take
// them have no const for historical reasons and change nothing (POSIX, execve).
inline std::vector<char*> c_strings(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace headrace

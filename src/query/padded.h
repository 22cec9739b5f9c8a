// Text in columns of a terminal.
#pragma once

#include <string>

#include "query/utf8.h"

namespace headrace::query {

// With spaces behind it, or before it, until it is `width` terminal columns wide.
inline std::string padded(const std::string& text, size_t width, bool to_the_right = false) {
  const size_t have = display_width(text);
  const std::string space(width > have ? width - have : 0, ' ');
  return to_the_right ? space + text : text + space;
}

}  // namespace headrace::query

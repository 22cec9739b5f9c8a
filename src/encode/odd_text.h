// Text that is not UTF-8, written so that it is: nothing is lost and a person can read it.
#pragma once

#include <string>
#include <string_view>

namespace headrace {

bool is_utf8(std::string_view text);

// `text` with every lone surrogate (3-byte form, WTF-8) as \udXXX, every other byte that is not
// UTF-8 as \xNN, and every backslash doubled, so that it can be undone.
std::string escaped_text(std::string_view text);

}  // namespace headrace

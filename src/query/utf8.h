// UTF-8: what terminals and JSON need of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace headrace::query {

// The length in bytes of the character that `text` begins with; 0 when it is not valid UTF-8
// (overlong forms, surrogates and code points beyond U+10FFFF are not).
size_t utf8_length(std::string_view text);
// The code point of the `length` bytes that `text` begins with, as utf8_length gave it.
uint32_t decode_utf8(std::string_view text, size_t length);
void append_utf8(uint32_t code_point, std::string* out);

// How many terminal columns `text` takes: 2 for East Asian wide characters and emoji, 0 for
// combining marks, 1 for the rest.
size_t display_width(std::string_view text);

// The length in bytes of the character that `text` begins with when it is one beyond ASCII that
// acts on what is around it: an 8-bit control (C1), a line or paragraph separator, a mark,
// embedding, override or isolate of writing direction. Else 0.
size_t acting_length(std::string_view text);

// Captured text as it may be shown on a terminal: escape sequences (ECMA-48 CSI, OSC) are taken
// out, line breaks and tabs become a space, other control characters, acting ones and invalid bytes
// U+FFFD.
std::string terminal_text(std::string_view text);
// The same of several lines: line breaks and tabs stay.
std::string terminal_lines(std::string_view text);

}  // namespace headrace::query

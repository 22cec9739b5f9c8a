// Gives the terminal back when the program dies of itself: a broken pointer, abort(), Ctrl-\.
#pragma once

#include <string_view>
#include <termios.h>

namespace headrace::top {

// From now on. `bytes` is a constant. The signal then does what it would have done.
void restore_on_crash(int terminal, const termios& settings, std::string_view bytes);
void forget_crash();

}  // namespace headrace::top

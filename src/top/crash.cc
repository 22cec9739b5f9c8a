#include "top/crash.h"

#include <array>
#include <csignal>
#include <unistd.h>

namespace headrace::top {
namespace {

constexpr std::array kFatal{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT};

// What a signal handler may read: set while no handler is there.
int terminal_left = -1;
termios settings_left;
std::string_view bytes_left;

// Only calls that are safe in a signal handler.
void give_back(int number) {
  if (terminal_left >= 0) {
    if (write(terminal_left, bytes_left.data(), bytes_left.size()) < 0) {
      // There is nobody left to tell.
    }
    tcsetattr(terminal_left, TCSANOW, &settings_left);
  }
  raise(number);  // the handler is gone (SA_RESETHAND)
}

}  // namespace

void restore_on_crash(int terminal, const termios& settings, std::string_view bytes) {
  terminal_left = terminal;
  settings_left = settings;
  bytes_left = bytes;
  struct sigaction action {};
  action.sa_handler = give_back;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int number : kFatal) sigaction(number, &action, nullptr);
}

void forget_crash() {
  for (const int number : kFatal) signal(number, SIG_DFL);
  terminal_left = -1;
}

}  // namespace headrace::top

#include "top/screen.h"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <string_view>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <utility>

#include "top/crash.h"

namespace headrace::top {
namespace {

// Alternate screen, no cursor, no wrapping at the right edge; and back.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l";
constexpr std::string_view kLeave = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
constexpr int kEscapeMs = 40;  // a key's bytes come together, or nearly so over a network

sigset_t taken_signals() {
  sigset_t out;
  sigemptyset(&out);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP}) sigaddset(&out, number);
  return out;
}

void write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(descriptor, bytes.data(), bytes.size());
    if (n > 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd ready{descriptor, POLLOUT, 0};
      if (poll(&ready, 1, 500) <= 0) return;  // stopped by Ctrl-S, or gone
    } else if (errno != EINTR) {
      return;
    }
  }
}

}  // namespace

Result<Screen> Screen::open(const PaintOptions& options) {
  if (isatty(STDOUT_FILENO) != 1) {
    return invalid_argument(
        "standard output is no terminal; headrace watch prints lines, and headrace top --once one "
        "frame as text");
  }
  const char* kind = std::getenv("TERM");
  if (kind == nullptr || *kind == '\0' || std::string_view(kind) == "dumb") {
    return invalid_argument(
        "this terminal cannot be drawn on (TERM is " +
        std::string(kind == nullptr || *kind == '\0' ? "not set" : kind) +
        "); headrace watch prints lines, and headrace top --once one frame as text");
  }
  // Opened anew: that it must not block is then nobody else's affair.
  std::array<char, 256> name{};
  const bool is_named = ttyname_r(STDOUT_FILENO, name.data(), name.size()) == 0;
  const int terminal =
      ::open(is_named ? name.data() : "/dev/tty", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) return io_error("cannot open the terminal", errno);
  Screen out;
  out.terminal_ = terminal;
  out.options_ = options;
  if (tcgetattr(terminal, &out.before_) != 0) {
    return io_error("cannot ask the terminal how it is set", errno);
  }
  const sigset_t taken = taken_signals();
  pthread_sigmask(SIG_BLOCK, &taken, &out.mask_before_);
  out.signals_ = signalfd(-1, &taken, SFD_NONBLOCK | SFD_CLOEXEC);
  out.wake_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  out.enter();
  return out;
}

Screen::Screen(Screen&& other) noexcept
    : terminal_(std::exchange(other.terminal_, -1)),
      signals_(std::exchange(other.signals_, -1)),
      wake_(std::exchange(other.wake_, -1)),
      before_(other.before_),
      mask_before_(other.mask_before_),
      options_(other.options_),
      shown_(std::move(other.shown_)),
      columns_(other.columns_),
      rows_(other.rows_) {}

Screen::~Screen() {
  if (terminal_ < 0) return;
  if (signals_ >= 0) {
    leave();
    close(signals_);
    pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
  }
  if (wake_ >= 0) close(wake_);
  close(terminal_);
}

void Screen::enter() {
  restore_on_crash(terminal_, before_, kLeave);
  termios raw = before_;
  raw.c_iflag &= ~static_cast<tcflag_t>(ICRNL | INLCR | IXON | ISTRIP | BRKINT);
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | IEXTEN);
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  tcsetattr(terminal_, TCSADRAIN, &raw);
  write_all(terminal_, kEnter);
  shown_ = Cells();
  read_size();
}

void Screen::leave() {
  pending_.clear();
  write_all(terminal_, kLeave);
  tcsetattr(terminal_, TCSAFLUSH, &before_);
  forget_crash();
}

// As the shell expects of a job: stopped by the signal itself, the terminal as it was.
void Screen::stop() {
  leave();
  sigset_t stopping;
  sigemptyset(&stopping);
  sigaddset(&stopping, SIGTSTP);
  raise(SIGTSTP);
  pthread_sigmask(SIG_UNBLOCK, &stopping, nullptr);  // stops here
  pthread_sigmask(SIG_BLOCK, &stopping, nullptr);
  enter();
}

void Screen::read_size() {
  winsize size{};
  if (ioctl(terminal_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
    columns_ = size.ws_col;
    rows_ = size.ws_row;
  }
}

void Screen::read_keys() {
  std::array<char, 1024> bytes{};
  for (;;) {
    const ssize_t n = read(terminal_, bytes.data(), bytes.size());
    if (n <= 0) return;
    for (Press& press : keys_.feed({bytes.data(), static_cast<size_t>(n)})) {
      presses_.push_back(std::move(press));
    }
  }
}

void Screen::read_signals() {
  signalfd_siginfo told{};
  while (read(signals_, &told, sizeof told) == sizeof told) {
    const int number = static_cast<int>(told.ssi_signo);
    if (number == SIGWINCH) {
      read_size();
    } else if (number == SIGTSTP) {
      stop();
    } else {
      ended_by_ = number;
    }
  }
}

void Screen::write_pending() {
  while (!pending_.empty()) {
    const ssize_t n = write(terminal_, pending_.data(), pending_.size());
    if (n > 0) {
      pending_.erase(0, static_cast<size_t>(n));
    } else if (errno != EINTR) {
      return;
    }
  }
}

void Screen::wait(int64_t ms) {
  const int64_t until = keys_.is_waiting() ? std::min<int64_t>(ms, kEscapeMs) : ms;
  std::array<pollfd, 3> ready{
      pollfd{terminal_, static_cast<short>(pending_.empty() ? POLLIN : POLLIN | POLLOUT), 0},
      pollfd{signals_, POLLIN, 0}, pollfd{wake_, POLLIN, 0}};
  const int n = poll(ready.data(), ready.size(), static_cast<int>(until));
  if (n == 0) {
    for (Press& press : keys_.settle()) presses_.push_back(std::move(press));
  }
  if (n <= 0) return;
  if ((ready[0].revents & POLLOUT) != 0) write_pending();
  if ((ready[0].revents & POLLIN) != 0) read_keys();
  if ((ready[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) ended_by_ = SIGHUP;
  if ((ready[1].revents & POLLIN) != 0) read_signals();
  if ((ready[2].revents & POLLIN) != 0) {
    uint64_t count = 0;
    if (read(wake_, &count, sizeof count) < 0) return;
  }
}

std::vector<Press> Screen::presses() { return std::exchange(presses_, {}); }

void Screen::show(const Cells& cells) {
  if (!pending_.empty()) return;  // the next frame will show all that has changed until then
  pending_ = paint(shown_, cells, options_);
  shown_ = cells;
  write_pending();
}

}  // namespace headrace::top

// The terminal: its alternate screen in raw mode, given back as it was, whatever ends the program.
//
//   Result<Screen> screen = Screen::open();
//   screen->show(cells);
//   while (screen->wait(1000)) for (const Press& press : screen->presses()) ...
//
// One at a time. Signals that end or stop the program, and the one that tells of a new size, are
// taken by wait() for as long as it lives: threads that are made meanwhile leave them to it.
#pragma once

#include <csignal>
#include <cstdint>
#include <string>
#include <termios.h>
#include <vector>

#include "base/status.h"
#include "top/cells.h"
#include "top/keys.h"

namespace headrace::top {

class Screen {
 public:
  // The terminal of standard output. Errors: kInvalidArgument when it is none, or one that cannot
  // be drawn on (TERM=dumb).
  static Result<Screen> open(const PaintOptions& options);
  Screen(Screen&& other) noexcept;
  Screen& operator=(Screen&&) = delete;
  ~Screen();

  // Until keys, a signal, `wake` or so many ms. Stops and goes on where the person says so
  // (Ctrl-Z).
  void wait(int64_t ms);
  std::vector<Press> presses();
  // The signal that ends the program; 0 while there was none. A terminal that is gone counts as
  // SIGHUP.
  int ended_by() const { return ended_by_; }
  // An eventfd: what is written there ends a wait. Any thread.
  int wake_descriptor() const { return wake_; }

  int columns() const { return columns_; }
  int rows() const { return rows_; }
  // Shows a frame of that size. A terminal that is slow gets the newest one when it is ready.
  void show(const Cells& cells);

 private:
  Screen() = default;
  void enter();
  void leave();
  void stop();
  void read_size();
  void read_keys();
  void read_signals();
  void write_pending();

  int terminal_ = -1;
  int signals_ = -1;
  int wake_ = -1;
  termios before_{};
  sigset_t mask_before_{};
  PaintOptions options_{};
  Cells shown_;
  std::string pending_;  // not written yet
  Keys keys_;
  std::vector<Press> presses_;
  int ended_by_ = 0;
  int columns_ = 80;
  int rows_ = 24;
};

}  // namespace headrace::top

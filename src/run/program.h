// Waits for the program that is wrapped, as its shell would want: signals meant for it reach it
// once, and what it cost is known when it is gone.
#pragma once

#include <csignal>
#include <sys/resource.h>
#include <sys/types.h>

#include "run/nested_map.h"
#include "run/orphans.h"
#include "run/output.h"

namespace headrace::run {

// Signals are taken one at a time by the thread that waits. Blocks them for this thread and those
// that it starts from here on; `before` is what the program must get back.
class SignalGuard {
 public:
  SignalGuard();
  ~SignalGuard() { release(); }
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;
  // From here on signals do to this process what they did before.
  void release();
  sigset_t* before() { return &before_; }
  const sigset_t& taken() const { return taken_; }

 private:
  sigset_t taken_;
  sigset_t before_;
  bool released_ = false;
};

struct Ended {
  int exit_code = 0;  // 128 + signal where a signal ended it
  int signal = 0;
  rusage usage{};
  NestedMap io;
};

// Returns when the program has ended and its output is passed on. Meanwhile SIGHUP, SIGINT,
// SIGQUIT, SIGTERM, SIGUSR1 and SIGUSR2 that another process sends are sent on to the program; the
// terminal sends its own (Ctrl-C) to both. One that comes when only output is left to pass on ends
// that. The ends of processes that the program left behind are taken meanwhile.
Ended wait_for(pid_t program, const SignalGuard& signals, Outputs& outputs, Orphans& orphans);

}  // namespace headrace::run

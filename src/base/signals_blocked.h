// While one lives, no signal comes to this thread, nor to a thread that it starts: the program's
// signals are for the program's threads, not for ours.
//
//   const SignalsBlocked blocked;
//   thread_ = std::thread([this] { run(); });    // never runs a handler of the program's
#pragma once

#include <csignal>

namespace headrace {

class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace headrace

// Starts a program so that it and all it starts stop at the calls of notify_filter.h until somebody
// who holds the listener answers.
//
//   SupervisedSpawn spawn;
//   HEADRACE_RETURN_IF_ERROR(spawn.start(plan));
//   Supervisor supervisor(spawn.listener(), ...);  // answers from here on
//   const int error = spawn.finish();              // errno of exec, 0: it runs
//
// Without a privilege the kernel allows that only where the program can gain none (no_new_privs):
// setuid programs that it starts run without theirs. Where this process may do without, as root
// can, nothing changes.
#pragma once

#include <atomic>
#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/status.h"

namespace headrace::box {

struct SupervisedPlan {
  std::vector<std::string> command;      // found on PATH as execvp does
  std::vector<std::string> environment;  // "NAME=value", all of it
  int stdout_fd = -1;                    // -1: inherited
  int stderr_fd = -1;
  const sigset_t* signal_mask = nullptr;  // null: none blocked
  // Program and supervisor on one processor in turns, where the kernel can: 6 times as fast.
  bool takes_turns = true;
};

class SupervisedSpawn {
 public:
  SupervisedSpawn() = default;
  ~SupervisedSpawn();
  SupervisedSpawn(const SupervisedSpawn&) = delete;
  SupervisedSpawn& operator=(const SupervisedSpawn&) = delete;

  // The process is there and has not begun the program. kUnsupported where the kernel refuses,
  // with what to do instead; then there is no process.
  Status start(const SupervisedPlan& plan);
  // Waits until the program runs or cannot: 0 or the errno that says why; then the process is
  // reaped. Somebody must be answering the listener.
  int finish();

  pid_t pid() const { return pid_; }
  // The caller's to close, once.
  int listener() const { return listener_; }

 private:
  pid_t pid_ = -1;
  int listener_ = -1;
  int channel_ = -1;
};

// Ok where start() would succeed, as far as that is known without starting anything: the kernel
// has the calls, and the program does not need a privilege that it would lose.
Status can_supervise(const std::string& executable);

// A process of its own that answers once nobody holds the other end of `channel`, a pipe, so that
// programs which outlive their supervisor go on: a stopped call that nobody can answer fails. It
// ends with the last program. Returns its id, or -1 and errno. It takes no signal but SIGKILL and
// holds no descriptors but these two.
//
// `taken` is the id of the call that the supervisor took last, 0 before the first, in memory shared
// with it: one that it took and could not answer any more would wait for ever.
pid_t start_guard(int listener, int channel, const std::atomic<uint64_t>* taken);

}  // namespace headrace::box

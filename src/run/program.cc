#include "run/program.h"

#include <array>
#include <cerrno>
#include <sys/wait.h>
#include <unistd.h>

#include "run/resources.h"

namespace headrace::run {
namespace {

constexpr std::array kSentOn = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};

// The terminal's signals and those that the program sends to its own group have reached it already.
bool reached_program(const siginfo_t& signal, pid_t program) {
  return signal.si_code > 0 || signal.si_pid == program;
}

// Takes the program's end if it is there.
bool take_end(pid_t program, Ended& ended) {
  siginfo_t info{};
  if (waitid(P_PID, static_cast<id_t>(program), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
      info.si_pid != program) {
    return false;
  }
  ended.io = read_io(program);
  int status = 0;
  while (wait4(program, &status, 0, &ended.usage) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
  ended.exit_code = ended.signal != 0 ? 128 + ended.signal : WEXITSTATUS(status);
  return true;
}

}  // namespace

SignalGuard::SignalGuard() {
  sigemptyset(&taken_);
  for (const int signal : kSentOn) sigaddset(&taken_, signal);
  sigaddset(&taken_, SIGCHLD);
  sigaddset(&taken_, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &taken_, &before_);
  // Where it was ignored the program's end would never be told.
  std::signal(SIGCHLD, SIG_DFL);
}

void SignalGuard::release() {
  if (released_) return;
  released_ = true;
  // A SIGPIPE that a reader's end left pending must not end us now.
  const timespec now{};
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  while (sigtimedwait(&pipe, nullptr, &now) > 0) {
  }
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

Ended wait_for(pid_t program, const SignalGuard& signals, Outputs& outputs, Orphans& orphans) {
  Ended ended;
  bool has_ended = false;
  while (!has_ended || !outputs.done()) {
    siginfo_t info{};
    const int signal = sigwaitinfo(&signals.taken(), &info);
    if (signal <= 0 || signal == SIGPIPE) continue;
    if (signal == SIGCHLD) {
      if (!has_ended && take_end(program, ended)) {
        has_ended = true;
        outputs.program_ended();
        orphans.program_ended(program, ended.exit_code, ended.signal);
      }
      orphans.reap(program);
    } else if (!has_ended) {
      if (!reached_program(info, program)) kill(program, signal);
    } else {
      outputs.abandon();
      break;
    }
  }
  return ended;
}

}  // namespace headrace::run

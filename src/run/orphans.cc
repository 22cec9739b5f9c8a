#include "run/orphans.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <utility>
#include <vector>

#include "run/spawn.h"

namespace headrace::run {
namespace {

std::string how(int signal, int exit_code) {
  return signal != 0 ? "signal " + std::to_string(signal)
                     : "exit code " + std::to_string(exit_code);
}

bool has_ended_child() {
  siginfo_t info{};
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

// waitid() names one ended child, always the same until somebody takes its end.
std::vector<pid_t> children() {
  std::vector<pid_t> out;
  std::error_code error;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", error)) {
    std::ifstream file(thread.path() / "children");
    for (pid_t pid = 0; file >> pid;) out.push_back(pid);
  }
  return out;
}

}  // namespace

Orphans::Orphans(WhenEnded when_ended) : when_ended_(std::move(when_ended)) {
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

void Orphans::reap(pid_t program) {
  if (!has_ended_child()) return;
  bool any = false;
  for (const pid_t pid : children()) {
    int status = 0;
    if (pid == program || !reap_stranger(pid, &status)) continue;
    ends_[pid] = WIFSIGNALED(status) ? how(WTERMSIG(status), 0) : how(0, WEXITSTATUS(status));
    any = true;
  }
  if (any && when_ended_) when_ended_(*this);
}

void Orphans::program_ended(pid_t program, int exit_code, int signal) {
  ends_[program] = how(signal, exit_code);
  if (when_ended_) when_ended_(*this);
}

std::string Orphans::how_ended(int64_t pid) const {
  const auto found = ends_.find(pid);
  return found == ends_.end() ? std::string() : found->second;
}

}  // namespace headrace::run

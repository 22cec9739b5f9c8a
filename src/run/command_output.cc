#include "run/command_output.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "run/spawn.h"

namespace headrace::run {
namespace {

// Reads until the end, the limit or the deadline. False at the deadline.
bool read_all(int fd, int64_t deadline_ns, size_t limit_bytes, CommandOutput& out) {
  std::array<char, 16384> buffer;
  while (true) {
    const int64_t left_ns = deadline_ns - now_monotonic_ns();
    if (left_ns <= 0) return false;
    pollfd ready{fd, POLLIN, 0};
    const int n = poll(&ready, 1, static_cast<int>(left_ns / 1'000'000 + 1));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) continue;
    const ssize_t got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    out.text.append(buffer.data(), static_cast<size_t>(got));
    if (out.text.size() > limit_bytes) {
      out.text.resize(limit_bytes);
      out.cut = true;
      return true;
    }
  }
}

}  // namespace

Result<CommandOutput> output_of(const std::vector<std::string>& command,
                                const std::vector<std::string>& extra_environment,
                                int64_t deadline_ns, size_t limit_bytes) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return io_error("cannot make a pipe", errno);
  SpawnPlan plan;
  plan.command = command;
  plan.environment = environment_with(extra_environment);
  plan.stdin_from_null = true;
  plan.stdout_fd = ends[1];
  plan.stderr_to_null = true;
  pid_t pid = -1;
  const int error = spawn(plan, &pid);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    if (error == ENOENT) return not_found("there is no program " + command[0]);
    return io_error("cannot run " + command[0], error);
  }
  CommandOutput out;
  const bool in_time = read_all(ends[0], deadline_ns, limit_bytes, out);
  close(ends[0]);
  if (!in_time || out.cut) kill(pid, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!in_time) return unavailable(command[0] + " took too long");
  out.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (out.cut) out.exit_code = 0;
  return out;
}

}  // namespace headrace::run

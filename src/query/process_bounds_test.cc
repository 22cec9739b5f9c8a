#include "query/process_bounds.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace headrace::query {
namespace {

// What `body` gives, run in a process of its own; minus the signal that ended it.
template <typename Body>
int in_a_process(const Body& body) {
  const pid_t pid = fork();
  if (pid == 0) _exit(body());
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool is_refused(long result) { return result < 0 && errno == EPERM; }

// 0, or the number of the first thing that is not as it should be.
int what_calls_do(const char* file) {
  const int open_before = open(file, O_RDONLY | O_CLOEXEC);
  if (open_before < 0) return 1;
  if (!bound_calls().ok()) return 2;
  char byte = 0;
  if (pread(open_before, &byte, 1, 0) != 1) return 3;
  if (!is_refused(open(file, O_RDONLY | O_CLOEXEC))) return 4;
  if (!is_refused(open("/tmp/headrace-bounds", O_WRONLY | O_CREAT | O_CLOEXEC, 0600))) return 5;
  if (!is_refused(unlink(file))) return 6;
  if (!is_refused(rename(file, "/tmp/headrace-bounds"))) return 7;
  if (!is_refused(access(file, R_OK))) return 8;
  if (!is_refused(socket(AF_INET, SOCK_STREAM, 0))) return 9;
  if (!is_refused(socket(AF_UNIX, SOCK_DGRAM, 0))) return 10;
  if (!is_refused(kill(getppid(), 0))) return 11;
  if (!is_refused(fork())) return 12;
  char name[] = "/bin/true";
  char* words[] = {name, nullptr};
  if (!is_refused(execve(name, words, words))) return 13;
  const rlimit more{RLIM_INFINITY, RLIM_INFINITY};
  if (!is_refused(setrlimit(RLIMIT_CPU, &more))) return 14;
  if (mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
      MAP_FAILED) {
    return 15;
  }
  bool has_run = false;
  bool is_bounded = false;
  std::thread([&] {
    has_run = true;
    is_bounded = is_refused(open(file, O_RDONLY | O_CLOEXEC));
  }).join();
  return has_run && is_bounded ? 0 : 16;
}

TEST(ProcessBoundsFork, CallsBeyondComputingAreRefused) {
  EXPECT_EQ(in_a_process([] { return what_calls_do("/etc/passwd"); }), 0);
}

TEST(ProcessBoundsFork, ThreadsThatRunAlreadyAreBoundToo) {
  const auto body = [] {
    int step = 0;
    std::thread early([&] {
      while (__atomic_load_n(&step, __ATOMIC_ACQUIRE) == 0) std::this_thread::yield();
      step = is_refused(open("/etc/passwd", O_RDONLY | O_CLOEXEC)) ? 2 : 3;
    });
    const bool is_bounded = bound_calls().ok();
    __atomic_store_n(&step, 1, __ATOMIC_RELEASE);
    early.join();
    return is_bounded && step == 2 ? 0 : 1;
  };
  EXPECT_EQ(in_a_process(body), 0);
}

TEST(ProcessBoundsFork, ResourcesAreBounded) {
  const auto limit_of = [](auto what) {
    rlimit limit{};
    getrlimit(what, &limit);
    return limit.rlim_max;
  };
  const auto body = [&] {
    const int file = open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    const int kept = dup(file);
    if (!bound_resources(uint64_t{1} << 40U, 100).ok()) return 1;
    if (fcntl(kept, F_GETFD) != -1 || fcntl(file, F_GETFD) != -1) return 2;
    if (limit_of(RLIMIT_FSIZE) != 0 || limit_of(RLIMIT_CORE) != 0) return 3;
    if (limit_of(RLIMIT_CPU) != 101 || limit_of(RLIMIT_NOFILE) > 64) return 4;
    signal(SIGXFSZ, SIG_IGN);
    const int another = open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    if (another >= 0 && (write(another, "x", 1) != -1 || errno != EFBIG)) return 5;
    return 0;
  };
  EXPECT_EQ(in_a_process(body), 0);
}

}  // namespace
}  // namespace headrace::query

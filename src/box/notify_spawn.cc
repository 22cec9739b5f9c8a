#include "box/notify_spawn.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/c_strings.h"
#include "box/elf.h"
#include "box/notify_filter.h"
#include "box/notify_kernel.h"

namespace headrace::box {
namespace {

// No fork handler runs and no lock is taken: the child may only do what a signal handler may.
pid_t bare_fork(unsigned long signal_at_end) {
  return static_cast<pid_t>(syscall(SYS_clone, signal_at_end, 0, 0, 0, 0));
}

int seccomp(unsigned operation, unsigned flags, void* argument) {
  return static_cast<int>(syscall(SYS_seccomp, operation, flags, argument));
}

// Returns the listener, or -1 and errno.
int install(const sock_fprog& program) {
  void* const argument = const_cast<sock_fprog*>(&program);
  for (int round = 0; round < 2; ++round) {
    for (const unsigned more : {kWaitKillable, 0U}) {
      const int listener =
          seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER | more, argument);
      if (listener >= 0 || errno == EBUSY) return listener;
      if (errno != EINVAL) break;
    }
    if (errno != EACCES || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  }
  return -1;
}

struct Control {
  alignas(cmsghdr) char bytes[CMSG_SPACE(sizeof(int))] = {};
};

void tell(int channel, int error, int descriptor) {
  iovec part{&error, sizeof error};
  Control control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  while (sendmsg(channel, &message, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

// False at the channel's end.
bool hear(int channel, int& error, int& descriptor) {
  iovec part{&error, sizeof error};
  Control control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  ssize_t got = 0;
  while ((got = recvmsg(channel, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  if (got != static_cast<ssize_t>(sizeof error)) return false;
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  }
  return true;
}

void reap(pid_t pid) {
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

Status refusal(int error) {
  switch (error) {
    case EBUSY:
      return unsupported(
          "cannot see system calls: another supervisor sees this process's already (a container's, "
          "or a headrace run --deep around this one); run without --deep");
    case ENOSYS:
    case EINVAL:
      return unsupported(
          "cannot see system calls: this kernel has no seccomp notification (Linux 5.5 or later "
          "has); run without --deep");
    default:
      return {StatusCode::kUnsupported, std::string("cannot see system calls: ") +
                                            std::strerror(error) + "; run without --deep"};
  }
}

}  // namespace

SupervisedSpawn::~SupervisedSpawn() {
  if (channel_ >= 0) close(channel_);
}

Status SupervisedSpawn::start(const SupervisedPlan& plan) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return io_error("cannot start a supervised program", errno);
  }
  const std::vector<sock_filter> code = notify_filter(this_machine());
  const sock_fprog program{static_cast<unsigned short>(code.size()),
                           const_cast<sock_filter*>(code.data())};
  const std::vector<char*> arguments = c_strings(plan.command);
  const std::vector<char*> environment = c_strings(plan.environment);
  sigset_t none;
  sigemptyset(&none);
  pid_ = bare_fork(SIGCHLD);
  if (pid_ == 0) {
    if (plan.stdout_fd >= 0) dup2(plan.stdout_fd, STDOUT_FILENO);
    if (plan.stderr_fd >= 0) dup2(plan.stderr_fd, STDERR_FILENO);
    const int listener = install(program);
    tell(ends[1], listener < 0 ? errno : 0, listener);
    if (listener < 0) _exit(127);
    sigprocmask(SIG_SETMASK, plan.signal_mask != nullptr ? plan.signal_mask : &none, nullptr);
    execvpe(arguments[0], arguments.data(), environment.data());
    tell(ends[1], errno, -1);
    _exit(127);
  }
  const int fork_error = errno;
  close(ends[1]);
  channel_ = ends[0];
  if (pid_ < 0) return io_error("cannot start a supervised program", fork_error);
  int error = ECHILD;
  if (hear(channel_, error, listener_) && listener_ >= 0) {
    // Older kernels refuse; there each call costs two changes of processor.
    if (plan.takes_turns) {
      ioctl(listener_, kSetListenerFlags, static_cast<unsigned long>(kSyncWakeUp));
    }
    return {};
  }
  reap(pid_);
  pid_ = -1;
  return refusal(error);
}

int SupervisedSpawn::finish() {
  int error = 0;
  int unused = -1;
  if (!hear(channel_, error, unused)) return 0;
  reap(pid_);
  return error;
}

Status can_supervise(const std::string& executable) {
  uint32_t action = SECCOMP_RET_USER_NOTIF;
  if (seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0) return refusal(errno);
  const Image image = inspect_program(-1, executable.c_str());
  if ((image.blind & kBlindPrivileged) != 0 && geteuid() != 0) {
    return unsupported("cannot see the system calls of " + executable +
                       ": it runs with a privilege of its own (setuid, setgid or capabilities), "
                       "which it would lose; run without --deep");
  }
  return {};
}

namespace {

// The kernel numbers the calls of a listener one after the other. The supervisor takes one at a
// time, and may have been killed before it could say which: then it is one of the next.
constexpr uint64_t kNextOnes = 64;

void let_go_on(int listener, uint64_t id) {
  alignas(seccomp_notif_resp) char bytes[128] = {};
  auto* const answer = reinterpret_cast<seccomp_notif_resp*>(bytes);
  answer->id = id;
  answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, answer);  // refused where nobody took that call
}

}  // namespace

pid_t start_guard(int listener, int channel, const std::atomic<uint64_t>* taken) {
  const pid_t guard = bare_fork(0);
  if (guard != 0) return guard;
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  setsid();
  prctl(PR_SET_NAME, "headrace-guard");
  // To low numbers of its own, so that everything else can be closed.
  const int high = listener > channel ? listener + 1 : channel + 1;
  dup3(listener, high, O_CLOEXEC);
  dup3(channel, high + 1, O_CLOEXEC);
  const auto first = static_cast<unsigned>(high);
  if (close_range(0, first - 1, 0) != 0 || close_range(first + 2, ~0U, 0) != 0) {
    // Before Linux 5.9. An open end of a pipe would keep its reader waiting for us.
    for (int fd = 0; fd < 65536; ++fd) {
      if (fd != high && fd != high + 1) close(fd);
    }
  }
  pollfd watched[2] = {{high, 0, 0}, {high + 1, POLLIN, 0}};
  while (true) {
    if (poll(watched, 2, -1) < 0 && errno != EINTR) _exit(0);
    if ((watched[0].revents & POLLHUP) != 0) _exit(0);
    if (watched[1].revents != 0) break;
  }
  close(high + 1);
  if (const uint64_t last = taken->load(); last != 0) {
    for (uint64_t next = 0; next <= kNextOnes; ++next) let_go_on(high, last + next);
  }
  while (true) {
    pollfd one{high, POLLIN, 0};
    if (poll(&one, 1, -1) < 0 && errno != EINTR) _exit(0);
    if ((one.revents & POLLHUP) != 0) _exit(0);
    if ((one.revents & POLLIN) == 0) continue;
    alignas(seccomp_notif) char bytes[256] = {};
    auto* const call = reinterpret_cast<seccomp_notif*>(bytes);
    if (ioctl(high, SECCOMP_IOCTL_NOTIF_RECV, call) != 0) {
      if (errno == ENOENT || errno == EINTR) continue;
      _exit(0);
    }
    let_go_on(high, call->id);
  }
}

}  // namespace headrace::box

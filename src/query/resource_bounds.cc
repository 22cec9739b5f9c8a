#include <cerrno>
#include <csignal>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "query/process_bounds.h"

namespace headrace::query {
namespace {

// Sanitizers take terabytes of address space for their shadows.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kHasShadow = true;
#else
constexpr bool kHasShadow = false;
#endif

constexpr int kFirstOther = 3;
constexpr rlim_t kDescriptors = 64;

Status bound(decltype(RLIMIT_AS) what, rlim_t soft, rlim_t hard, const char* name) {
  const rlimit limit{soft, hard};
  if (setrlimit(what, &limit) == 0) return {};
  return io_error(std::string("cannot bound ") + name, errno);
}

void close_others() {
  if (syscall(SYS_close_range, kFirstOther, ~0U, 0) == 0) return;
  const long open = sysconf(_SC_OPEN_MAX);
  for (int fd = kFirstOther; fd < (open > 0 ? open : 1024); ++fd) close(fd);
}

}  // namespace

Status bound_resources(uint64_t memory_bytes, int64_t cpu_s) {
  close_others();
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_DUMPABLE, 0) != 0) {
    return io_error("cannot bind the process", errno);
  }
  // An arena for each thread would take 64 MiB of the address space.
  mallopt(M_ARENA_MAX, 1);
  if (!kHasShadow) {
    HEADRACE_RETURN_IF_ERROR(bound(RLIMIT_AS, memory_bytes, memory_bytes, "memory"));
  }
  const auto seconds = static_cast<rlim_t>(cpu_s);
  HEADRACE_RETURN_IF_ERROR(bound(RLIMIT_CPU, seconds, seconds + 1, "CPU time"));
  HEADRACE_RETURN_IF_ERROR(bound(RLIMIT_FSIZE, 0, 0, "file size"));
  HEADRACE_RETURN_IF_ERROR(bound(RLIMIT_NOFILE, kDescriptors, kDescriptors, "files"));
  return bound(RLIMIT_CORE, 0, 0, "core dumps");
}

}  // namespace headrace::query

#include <array>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

#include "query/process_bounds.h"

// <linux/sched.h> and <sched.h> do not go together.
#ifndef CLONE_THREAD
#define CLONE_THREAD 0x00010000
#endif

namespace headrace::query {
namespace {

#if defined(__x86_64__)
constexpr uint32_t kArch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArch = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t kArch = 0;
#endif

// What computing on open files needs: of DuckDB, of the C library's memory and threads.
constexpr std::array kFree = {
    SYS_read,
    SYS_readv,
    SYS_pread64,
    SYS_write,
    SYS_writev,
    SYS_close,
    SYS_fstat,
    SYS_lseek,
    SYS_fadvise64,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_futex,
    SYS_membarrier,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_getcpu,
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_getrandom,
    SYS_getrusage,
    SYS_sysinfo,
    SYS_uname,
    SYS_getpid,
    SYS_gettid,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_restart_syscall,
    SYS_set_robust_list,
#ifdef SYS_rseq
    SYS_rseq,
#endif
    SYS_exit,
    SYS_exit_group,
};

constexpr uint32_t kNumber = offsetof(seccomp_data, nr);
// The low half of an argument, on little-endian machines.
constexpr uint32_t argument(unsigned i) { return offsetof(seccomp_data, args) + i * 8; }

class Filter {
 public:
  Filter() {
    load(offsetof(seccomp_data, arch));
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArch, 1, 0));
    answer(SECCOMP_RET_KILL_PROCESS);
    load(kNumber);
  }
  void allow(long number) {
    code_.push_back(equals(static_cast<uint32_t>(number), 0, 1));
    answer(SECCOMP_RET_ALLOW);
  }
  void fail(long number, uint32_t error) {
    code_.push_back(equals(static_cast<uint32_t>(number), 0, 1));
    answer(SECCOMP_RET_ERRNO | error);
  }
  // Only with one value of an argument.
  void allow_if_equal(long number, unsigned at, uint32_t value) {
    with_argument(number, at, equals(value, 0, 1));
  }
  void allow_if_any_bit(long number, unsigned at, uint32_t bits) {
    with_argument(number, at, BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1));
  }
  void allow_unless_any_bit(long number, unsigned at, uint32_t bits) {
    with_argument(number, at, BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0));
  }
  // All else fails.
  std::vector<sock_filter> take() {
    answer(SECCOMP_RET_ERRNO | EPERM);
    return std::move(code_);
  }

 private:
  static sock_filter equals(uint32_t value, uint8_t yes, uint8_t no) {
    return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no);
  }
  void load(uint32_t offset) { code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)); }
  void answer(uint32_t action) { code_.push_back(BPF_STMT(BPF_RET | BPF_K, action)); }
  void with_argument(long number, unsigned at, sock_filter test) {
    code_.push_back(equals(static_cast<uint32_t>(number), 0, 4));
    load(argument(at));
    code_.push_back(test);
    answer(SECCOMP_RET_ALLOW);
    answer(SECCOMP_RET_ERRNO | EPERM);
  }
  std::vector<sock_filter> code_;
};

std::vector<sock_filter> filter() {
  Filter filter;
  for (const long number : kFree) filter.allow(number);
  filter.allow_unless_any_bit(SYS_mmap, 2, PROT_EXEC);
  filter.allow_unless_any_bit(SYS_mprotect, 2, PROT_EXEC);
  // Threads, but no processes. The flags of clone3 lie in memory, where no filter looks; without it
  // the C library falls back to clone.
  filter.allow_if_any_bit(SYS_clone, 0, CLONE_THREAD);
  filter.fail(SYS_clone3, ENOSYS);
  filter.allow_if_equal(SYS_newfstatat, 3, AT_EMPTY_PATH);
  filter.allow_if_equal(SYS_prctl, 0, PR_SET_NAME);
  // To read limits, not to set them: the new ones are a null pointer.
  filter.allow_if_equal(SYS_prlimit64, 2, 0);
  // abort() signals itself.
  filter.allow_if_equal(SYS_tgkill, 0, static_cast<uint32_t>(getpid()));
  return filter.take();
}

}  // namespace

Status bound_calls() {
  if (kArch == 0) return unsupported("system calls cannot be bounded on this machine");
  std::vector<sock_filter> code = filter();
  sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0) {
    return {};
  }
  return unsupported(io_error("system calls cannot be bounded by this kernel", errno).message());
}

}  // namespace headrace::query

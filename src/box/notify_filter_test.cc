// Runs the filter as the kernel would, for both machines.
#include "box/notify_filter.h"

#include <cstddef>
#include <cstring>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

namespace headrace::box {
namespace {

uint32_t run(const std::vector<sock_filter>& program, const seccomp_data& data) {
  uint32_t value = 0;
  for (size_t at = 0; at < program.size(); ++at) {
    const sock_filter& step = program[at];
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&value, reinterpret_cast<const char*>(&data) + step.k, sizeof value);
        break;
      case BPF_JMP | BPF_JEQ | BPF_K: at += value == step.k ? step.jt : step.jf; break;
      case BPF_JMP | BPF_JGE | BPF_K: at += value >= step.k ? step.jt : step.jf; break;
      case BPF_JMP | BPF_JSET | BPF_K: at += (value & step.k) != 0 ? step.jt : step.jf; break;
      case BPF_RET | BPF_K: return step.k;
      default: ADD_FAILURE() << "instruction " << step.code; return 0;
    }
  }
  ADD_FAILURE() << "ran over the end";
  return 0;
}

class Filter : public testing::TestWithParam<const Machine*> {
 protected:
  bool stops(uint32_t number, uint32_t arch, std::initializer_list<uint64_t> arguments = {}) {
    seccomp_data data{};
    data.nr = static_cast<int>(number);
    data.arch = arch;
    size_t i = 0;
    for (const uint64_t argument : arguments) data.args[i++] = argument;
    const uint32_t answer = run(program_, data);
    EXPECT_TRUE(answer == SECCOMP_RET_USER_NOTIF || answer == SECCOMP_RET_ALLOW) << answer;
    return answer == SECCOMP_RET_USER_NOTIF;
  }
  bool stops(uint32_t number, std::initializer_list<uint64_t> arguments = {}) {
    return stops(number, machine_.arch, arguments);
  }
  uint32_t number_of(Call call) {
    for (unsigned i = 0; i < machine_.count; ++i) {
      if (machine_.calls[i].call == call) return machine_.calls[i].number;
    }
    return ~0U;
  }

  const Machine& machine_ = *GetParam();
  const std::vector<sock_filter> program_ = notify_filter(machine_);
};

TEST_P(Filter, StopsAtWhatIsListedAndNothingElse) {
  unsigned stopped = 0;
  for (uint32_t number = 0; number < 1024; ++number) {
    const Call call = call_of(machine_, machine_.arch, number);
    const bool shared = call == Call::kMap;
    // All arguments zero: descriptor 0, a mapping that is private.
    EXPECT_EQ(stops(number), call != Call::kNone && !shared) << number;
    stopped += call != Call::kNone ? 1 : 0;
  }
  EXPECT_EQ(stopped, machine_.count);
}

TEST_P(Filter, ReadsTheArgumentsThatMatter) {
  const uint32_t close = number_of(Call::kClose);
  EXPECT_TRUE(stops(close, {kHighestClosed - 1}));
  EXPECT_FALSE(stops(close, {kHighestClosed}));
  const uint32_t map = number_of(Call::kMap);
  EXPECT_TRUE(stops(map, {0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 3}));
  EXPECT_TRUE(stops(map, {0, 4096, PROT_WRITE, MAP_SHARED_VALIDATE, 3}));
  EXPECT_FALSE(stops(map, {0, 4096, PROT_READ, MAP_SHARED, 3}));
  EXPECT_FALSE(stops(map, {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, 3}));
}

TEST_P(Filter, TellsCallsOf32BitPrograms) {
  for (unsigned i = 0; i < machine_.foreign_count; ++i) {
    EXPECT_TRUE(stops(machine_.foreign[i], machine_.foreign_arch));
    EXPECT_EQ(call_of(machine_, machine_.foreign_arch, machine_.foreign[i]), Call::kForeign);
  }
  EXPECT_FALSE(stops(3, machine_.foreign_arch));
  EXPECT_FALSE(stops(number_of(Call::kOpenAt), AUDIT_ARCH_PPC64));
  if (machine_.x32_mask != 0) {
    EXPECT_TRUE(stops(machine_.x32_mask | 257));
    EXPECT_FALSE(stops(machine_.x32_mask | 0));
  }
}

TEST_P(Filter, FitsTheKernelsBound) { EXPECT_LE(program_.size(), size_t{BPF_MAXINSNS}); }

INSTANTIATE_TEST_SUITE_P(Machines, Filter, testing::Values(&x86_64_machine(), &aarch64_machine()),
                         [](const auto& one) {
                           return one.param == &x86_64_machine() ? "x86_64" : "aarch64";
                         });

TEST(FilteredCalls, HaveTheNumbersOfThisMachine) {
  const Machine& machine = this_machine();
  const auto call = [&](long number) {
    return call_of(machine, machine.arch, static_cast<uint32_t>(number));
  };
  EXPECT_EQ(call(SYS_openat), Call::kOpenAt);
  EXPECT_EQ(call(SYS_openat2), Call::kOpenAt2);
  EXPECT_EQ(call(SYS_execve), Call::kExec);
  EXPECT_EQ(call(SYS_execveat), Call::kExecAt);
  EXPECT_EQ(call(SYS_renameat2), Call::kRenameAt);
  EXPECT_EQ(call(SYS_linkat), Call::kLinkAt);
  EXPECT_EQ(call(SYS_symlinkat), Call::kSymlinkAt);
  EXPECT_EQ(call(SYS_unlinkat), Call::kUnlinkAt);
  EXPECT_EQ(call(SYS_truncate), Call::kTruncate);
  EXPECT_EQ(call(SYS_mkdirat), Call::kMakeDirectoryAt);
  EXPECT_EQ(call(SYS_close), Call::kClose);
  EXPECT_EQ(call(SYS_close_range), Call::kCloseRange);
  EXPECT_EQ(call(SYS_dup3), Call::kDuplicate);
  EXPECT_EQ(call(SYS_mmap), Call::kMap);
  EXPECT_EQ(call(SYS_copy_file_range), Call::kCopy);
  EXPECT_EQ(call(SYS_sendfile), Call::kSend);
  EXPECT_EQ(call(SYS_io_uring_setup), Call::kIoUring);
  EXPECT_EQ(call(SYS_chroot), Call::kNewRoot);
  EXPECT_EQ(call(SYS_pivot_root), Call::kNewRoot);
  EXPECT_EQ(call(SYS_setns), Call::kNewRoot);
  EXPECT_EQ(call(SYS_unshare), Call::kNewRoot);
  EXPECT_EQ(call(SYS_exit), Call::kExitThread);
  EXPECT_EQ(call(SYS_exit_group), Call::kExit);
#if defined(__x86_64__)
  EXPECT_EQ(call(SYS_open), Call::kOpen);
  EXPECT_EQ(call(SYS_creat), Call::kCreat);
  EXPECT_EQ(call(SYS_rename), Call::kRename);
  EXPECT_EQ(call(SYS_renameat), Call::kRenameAt);
  EXPECT_EQ(call(SYS_link), Call::kLink);
  EXPECT_EQ(call(SYS_symlink), Call::kSymlink);
  EXPECT_EQ(call(SYS_unlink), Call::kUnlink);
  EXPECT_EQ(call(SYS_mkdir), Call::kMakeDirectory);
  EXPECT_EQ(call(SYS_rmdir), Call::kRemoveDirectory);
  EXPECT_EQ(call(SYS_dup2), Call::kDuplicate);
#endif
}

}  // namespace
}  // namespace headrace::box

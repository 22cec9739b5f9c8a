#include "box/notify_filter.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/mman.h>

namespace headrace::box {
namespace {

using Entry = Machine::Entry;

// arch/x86/entry/syscalls/syscall_64.tbl
constexpr std::array kX86 = {
    Entry{257, Call::kOpenAt},
    Entry{3, Call::kClose},
    Entry{9, Call::kMap},
    Entry{2, Call::kOpen},
    Entry{437, Call::kOpenAt2},
    Entry{85, Call::kCreat},
    Entry{59, Call::kExec},
    Entry{322, Call::kExecAt},
    Entry{82, Call::kRename},
    Entry{264, Call::kRenameAt},
    Entry{316, Call::kRenameAt},
    Entry{86, Call::kLink},
    Entry{265, Call::kLinkAt},
    Entry{88, Call::kSymlink},
    Entry{266, Call::kSymlinkAt},
    Entry{87, Call::kUnlink},
    Entry{263, Call::kUnlinkAt},
    Entry{76, Call::kTruncate},
    Entry{83, Call::kMakeDirectory},
    Entry{258, Call::kMakeDirectoryAt},
    Entry{84, Call::kRemoveDirectory},
    Entry{436, Call::kCloseRange},
    Entry{33, Call::kDuplicate},
    Entry{292, Call::kDuplicate},
    Entry{326, Call::kCopy},
    Entry{40, Call::kSend},
    Entry{425, Call::kIoUring},
    Entry{161, Call::kNewRoot},
    Entry{155, Call::kNewRoot},
    Entry{308, Call::kNewRoot},
    Entry{272, Call::kNewRoot},
    Entry{60, Call::kExitThread},
    Entry{231, Call::kExit},
};

// include/uapi/asm-generic/unistd.h
constexpr std::array kArm = {
    Entry{56, Call::kOpenAt},          Entry{57, Call::kClose},       Entry{222, Call::kMap},
    Entry{437, Call::kOpenAt2},        Entry{221, Call::kExec},       Entry{281, Call::kExecAt},
    Entry{38, Call::kRenameAt},        Entry{276, Call::kRenameAt},   Entry{37, Call::kLinkAt},
    Entry{36, Call::kSymlinkAt},       Entry{35, Call::kUnlinkAt},    Entry{45, Call::kTruncate},
    Entry{34, Call::kMakeDirectoryAt}, Entry{436, Call::kCloseRange}, Entry{24, Call::kDuplicate},
    Entry{285, Call::kCopy},           Entry{71, Call::kSend},        Entry{425, Call::kIoUring},
    Entry{51, Call::kNewRoot},         Entry{41, Call::kNewRoot},     Entry{268, Call::kNewRoot},
    Entry{97, Call::kNewRoot},         Entry{93, Call::kExitThread},  Entry{94, Call::kExit},
};

constexpr uint32_t kX32 = 0x40000000;
// open, creat, execve, openat, execveat, openat2 of i386; the same of 32-bit ARM.
constexpr std::array<uint32_t, 6> kI386 = {5, 8, 11, 295, 358, 437};
constexpr std::array<uint32_t, 6> kArm32 = {5, 8, 11, 322, 387, 437};
// Of x32: open, creat, openat, execve, execveat, openat2.
constexpr std::array<uint32_t, 6> kX32Calls = {2, 85, 257, 520, 545, 437};

constexpr uint32_t kNumber = offsetof(seccomp_data, nr);
constexpr uint32_t kArch = offsetof(seccomp_data, arch);
// The low half of an argument, on little-endian machines.
constexpr uint32_t argument(unsigned i) { return offsetof(seccomp_data, args) + i * 8; }

class Program {
 public:
  void load(uint32_t offset) { code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)); }
  void answer(uint32_t action) { code_.push_back(BPF_STMT(BPF_RET | BPF_K, action)); }
  // Skips `count` of the next instructions where the value is not `k`.
  void unless_equal(uint32_t k, uint8_t count) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, count));
  }
  void if_equal(uint32_t k, uint8_t count) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, count, 0));
  }
  void unless_any_bit(uint32_t k, uint8_t count) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, k, 0, count));
  }
  void if_at_least(uint32_t k, uint8_t count) {
    code_.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, k, count, 0));
  }
  void notify_on(uint32_t number) {
    unless_equal(number, 1);
    answer(SECCOMP_RET_USER_NOTIF);
  }
  std::vector<sock_filter> take() { return std::move(code_); }

 private:
  std::vector<sock_filter> code_;
};

void add_call(Program& program, const Entry& entry) {
  if (entry.call == Call::kClose) {
    program.unless_equal(entry.number, 4);
    program.load(argument(0));
    program.if_at_least(kHighestClosed, 1);
    program.answer(SECCOMP_RET_USER_NOTIF);
    program.answer(SECCOMP_RET_ALLOW);
  } else if (entry.call == Call::kMap) {
    program.unless_equal(entry.number, 6);
    program.load(argument(2));
    program.unless_any_bit(PROT_WRITE, 3);
    program.load(argument(3));
    // MAP_SHARED and MAP_SHARED_VALIDATE; anonymous memory is no file.
    program.unless_any_bit(MAP_SHARED, 1);
    program.answer(SECCOMP_RET_USER_NOTIF);
    program.answer(SECCOMP_RET_ALLOW);
  } else {
    program.notify_on(entry.number);
  }
}

}  // namespace

const Machine& x86_64_machine() {
  static constexpr Machine machine = {AUDIT_ARCH_X86_64, kX32,         kX86.data(), kX86.size(),
                                      AUDIT_ARCH_I386,   kI386.data(), kI386.size()};
  return machine;
}

const Machine& aarch64_machine() {
  static constexpr Machine machine = {
      AUDIT_ARCH_AARCH64, 0, kArm.data(), kArm.size(), AUDIT_ARCH_ARM, kArm32.data(),
      kArm32.size()};
  return machine;
}

const Machine& this_machine() {
#if defined(__aarch64__)
  return aarch64_machine();
#else
  return x86_64_machine();
#endif
}

Call call_of(const Machine& machine, uint32_t arch, uint32_t number) {
  if (arch != machine.arch || (number & machine.x32_mask) != 0) return Call::kForeign;
  const Entry* const end = machine.calls + machine.count;
  const Entry* const found = std::find_if(
      machine.calls, end, [number](const Entry& entry) { return entry.number == number; });
  return found != end ? found->call : Call::kNone;
}

std::vector<sock_filter> notify_filter(const Machine& machine) {
  Program program;
  program.load(kArch);
  // Answers lie behind each test, for a jump reaches 255 instructions.
  program.unless_equal(machine.foreign_arch, static_cast<uint8_t>(2 + 2 * machine.foreign_count));
  program.load(kNumber);
  for (unsigned i = 0; i < machine.foreign_count; ++i) program.notify_on(machine.foreign[i]);
  program.answer(SECCOMP_RET_ALLOW);
  program.if_equal(machine.arch, 1);
  program.answer(SECCOMP_RET_ALLOW);
  program.load(kNumber);
  if (machine.x32_mask != 0) {
    for (const uint32_t number : kX32Calls) program.notify_on(machine.x32_mask | number);
  }
  for (unsigned i = 0; i < machine.count; ++i) add_call(program, machine.calls[i]);
  program.answer(SECCOMP_RET_ALLOW);
  return program.take();
}

}  // namespace headrace::box

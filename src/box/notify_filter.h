// The system calls that a supervised program stops at, and the kernel's filter for them.
//
// The kernel runs the filter at each system call of the program and all it starts; what is not
// listed here passes at the cost of a table look-up (Linux 5.11 remembers which numbers always
// pass). The numbers stand here for each machine, so that one machine's tests check all.
#pragma once

#include <cstdint>
#include <linux/filter.h>
#include <vector>

namespace headrace::box {

enum class Call : uint8_t {
  kNone,
  kOpen,      // path, flags
  kOpenAt,    // directory, path, flags
  kOpenAt2,   // directory, path, struct open_how
  kCreat,     // path
  kExec,      // path
  kExecAt,    // directory, path, , , flags
  kRename,    // path, path
  kRenameAt,  // directory, path, directory, path
  kLink,
  kLinkAt,
  kSymlink,    // text, path
  kSymlinkAt,  // text, directory, path
  kUnlink,
  kUnlinkAt,  // directory, path, flags
  kTruncate,
  kMakeDirectory,
  kMakeDirectoryAt,
  kRemoveDirectory,
  kClose,       // only of the first kHighestClosed descriptors: loops over a million cost too much
  kCloseRange,  // first, last, flags
  kDuplicate,   // from, onto
  kMap,         // only where it is shared and writable: , , , , descriptor
  kCopy,        // copy_file_range: from, , to
  kSend,        // sendfile: to, from
  kIoUring,     // io_uring_setup: what follows is not seen
  kNewRoot,     // chroot, pivot_root, setns, unshare: paths may mean other files from here on
  kExitThread,
  kExit,     // status
  kForeign,  // of the machine's 32-bit programs: told, not followed
};

constexpr unsigned kHighestClosed = 16384;

struct Machine {
  struct Entry {
    uint32_t number;
    Call call;
  };
  uint32_t arch;      // AUDIT_ARCH_...
  uint32_t x32_mask;  // the bit in x86-64's numbers that makes them another machine's; 0: none
  const Entry* calls;
  unsigned count;
  uint32_t foreign_arch;
  const uint32_t* foreign;  // its open, creat, openat, execve
  unsigned foreign_count;
};

const Machine& x86_64_machine();
const Machine& aarch64_machine();
// The one that this is built for.
const Machine& this_machine();

// What a stopped call is. `arch` and `number` as the kernel's notification gives them.
Call call_of(const Machine& machine, uint32_t arch, uint32_t number);

// Classic BPF for seccomp(SECCOMP_SET_MODE_FILTER): listed calls notify, all others pass.
std::vector<sock_filter> notify_filter(const Machine& machine);

}  // namespace headrace::box

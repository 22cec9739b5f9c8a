// How a process comes and goes: the constructor, forks, ends, and system calls made by number.
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/sched.h>

#include "box/shim/start.h"
#include "box/shim/wrap.h"

extern "C" {
__attribute__((weak)) const char* gnu_get_libc_version() noexcept;
__attribute__((weak)) int on_exit(void (*function)(int, void*), void* argument) noexcept;
}

namespace headrace::box {
namespace {

int g_exit_code = -1;

void end(int code) {
  const KeptErrno errno_is_kept;
  if (is_watched()) note_exit(code);
}

// Registered before the loader's own, so it runs after all destructors of libraries.
void end_at_exit(int code, void*) { end(code); }

bool g_ends_at_exit = false;

__attribute__((constructor)) void begin_image(int count, char** arguments, char** environment) {
  const KeptErrno errno_is_kept;
  // Other libraries of C give a constructor no arguments.
  if (&gnu_get_libc_version != nullptr) keep_arguments(count, arguments, environment);
  if (!is_watched()) return;
  g_ends_at_exit = &on_exit != nullptr && on_exit(end_at_exit, nullptr) == 0;
}

// After the program's own functions at exit, so that files closed there are seen closed.
__attribute__((destructor)) void end_image() {
  if (!g_ends_at_exit) end(g_exit_code);
}

// A program that forbids itself system calls may be ended by one of ours: its end is told now.
void fall_silent() {
  const KeptErrno errno_is_kept;
  if (!is_watched()) return;
  write_event({.kind = BoxKind::kBlindSpot, .flags = kSeenSandbox});
  stop_watching();
}

int note_fork(int child, uint32_t flags) {
  const KeptErrno errno_is_kept;
  if (child > 0 && is_watched()) {
    write_event({.kind = BoxKind::kFork, .result = child, .flags = flags});
  }
  return child;
}

}  // namespace

// For the assembly below.
extern "C" {
__attribute__((visibility("hidden"))) void* headrace_box_before_vfork();
__attribute__((visibility("hidden"))) void* headrace_box_next_syscall();
__attribute__((visibility("hidden"))) long headrace_box_syscall(long number, long a, long b, long c,
                                                                long d, long e, long f);
}

void* headrace_box_before_vfork() {
  const KeptErrno errno_is_kept;
  if (is_watched()) {
    write_event({.kind = BoxKind::kFork, .flags = kVfork});
    expect_vfork_child();
  }
  return next_function(Symbol::k_vfork);
}

void* headrace_box_next_syscall() { return next_function(Symbol::k_syscall); }

// Those that open files or hide their use; all others go straight on.
long headrace_box_syscall(long number, long a, long b, long c, long d, long e, long f) {
  using Syscall = long (*)(long, ...);
  const auto next = reinterpret_cast<Syscall>(next_function(Symbol::k_syscall));
  if (number == __NR_seccomp) fall_silent();
  if (next == nullptr) return answer(raw(number, a, b, c, d, e, f));
  const long result = next(number, a, b, c, d, e, f);
  const auto* path = reinterpret_cast<const char*>(b);
  switch (number) {
    case __NR_openat:
      note_open(static_cast<int>(result), static_cast<int>(a), path, static_cast<uint32_t>(c), 0);
      break;
    case __NR_openat2: {
      const auto* how = reinterpret_cast<const open_how*>(c);
      note_open(static_cast<int>(result), static_cast<int>(a), path,
                result < 0 ? 0 : static_cast<uint32_t>(how->flags), 0);
      break;
    }
#ifdef __NR_open
    case __NR_open:
      note_open(static_cast<int>(result), AT_FDCWD, reinterpret_cast<const char*>(a),
                static_cast<uint32_t>(b), 0);
      break;
#endif
    case __NR_seccomp: break;  // spoken of before
    case __NR_io_uring_setup:
      if (result >= 0) {
        const KeptErrno errno_is_kept;
        if (is_watched()) {
          set_flag(kLogIoUring);
          write_event({.kind = BoxKind::kBlindSpot, .flags = kSeenIoUring});
        }
      }
      break;
    default: break;
  }
  return result;
}

}  // namespace headrace::box

// vfork's child runs on the caller's stack, and so may syscall's: no frame of ours may lie under it
// when it returns. The jumps leave the stack as it was found.
#if defined(__x86_64__)
__asm__(R"(
  .text
  .globl vfork
  .type vfork, @function
vfork:
  .cfi_startproc
  endbr64
  subq $8, %rsp
  .cfi_adjust_cfa_offset 8
  call headrace_box_before_vfork
  addq $8, %rsp
  .cfi_adjust_cfa_offset -8
  jmp *%rax
  .cfi_endproc
  .size vfork, .-vfork

  .globl syscall
  .type syscall, @function
syscall:
  .cfi_startproc
  endbr64
  cmpq $2, %rdi
  je 1f
  cmpq $257, %rdi
  je 1f
  cmpq $437, %rdi
  je 1f
  cmpq $425, %rdi
  je 1f
  cmpq $317, %rdi
  je 1f
  pushq %rdi
  .cfi_adjust_cfa_offset 8
  pushq %rsi
  .cfi_adjust_cfa_offset 8
  pushq %rdx
  .cfi_adjust_cfa_offset 8
  pushq %rcx
  .cfi_adjust_cfa_offset 8
  pushq %r8
  .cfi_adjust_cfa_offset 8
  pushq %r9
  .cfi_adjust_cfa_offset 8
  subq $8, %rsp
  .cfi_adjust_cfa_offset 8
  call headrace_box_next_syscall
  addq $8, %rsp
  .cfi_adjust_cfa_offset -8
  popq %r9
  .cfi_adjust_cfa_offset -8
  popq %r8
  .cfi_adjust_cfa_offset -8
  popq %rcx
  .cfi_adjust_cfa_offset -8
  popq %rdx
  .cfi_adjust_cfa_offset -8
  popq %rsi
  .cfi_adjust_cfa_offset -8
  popq %rdi
  .cfi_adjust_cfa_offset -8
  testq %rax, %rax
  je 1f
  jmp *%rax
1:
  jmp headrace_box_syscall
  .cfi_endproc
  .size syscall, .-syscall
)");
#elif defined(__aarch64__)
__asm__(R"(
  .text
  .globl vfork
  .type vfork, %function
vfork:
  .cfi_startproc
  stp x29, x30, [sp, #-16]!
  .cfi_def_cfa_offset 16
  .cfi_offset 29, -16
  .cfi_offset 30, -8
  bl headrace_box_before_vfork
  ldp x29, x30, [sp], #16
  .cfi_def_cfa_offset 0
  br x0
  .cfi_endproc
  .size vfork, .-vfork

  .globl syscall
  .type syscall, %function
syscall:
  .cfi_startproc
  cmp x0, #56
  b.eq 1f
  cmp x0, #437
  b.eq 1f
  cmp x0, #425
  b.eq 1f
  cmp x0, #277
  b.eq 1f
  stp x29, x30, [sp, #-80]!
  .cfi_def_cfa_offset 80
  stp x0, x1, [sp, #16]
  stp x2, x3, [sp, #32]
  stp x4, x5, [sp, #48]
  str x6, [sp, #64]
  bl headrace_box_next_syscall
  mov x16, x0
  ldp x0, x1, [sp, #16]
  ldp x2, x3, [sp, #32]
  ldp x4, x5, [sp, #48]
  ldr x6, [sp, #64]
  ldp x29, x30, [sp], #80
  .cfi_def_cfa_offset 0
  cbz x16, 1f
  br x16
1:
  b headrace_box_syscall
  .cfi_endproc
  .size syscall, .-syscall
)");
#endif

using namespace headrace::box;

HEADRACE_EXPORT pid_t fork() { return note_fork(HEADRACE_CALL(fork, -1), 0); }

HEADRACE_EXPORT pid_t _Fork() { return note_fork(HEADRACE_CALL(_Fork, -1), 0); }

HEADRACE_EXPORT int prctl(int option, ...) {
  __builtin_va_list rest;
  __builtin_va_start(rest, option);
  const auto a = __builtin_va_arg(rest, unsigned long);
  const auto b = __builtin_va_arg(rest, unsigned long);
  const auto c = __builtin_va_arg(rest, unsigned long);
  const auto d = __builtin_va_arg(rest, unsigned long);
  __builtin_va_end(rest);
  if (option == PR_SET_SECCOMP) fall_silent();
  return HEADRACE_CALL(prctl, -1, option, a, b, c, d);
}

HEADRACE_EXPORT int clone(int (*function)(void*), void* stack, int flags, void* argument, ...) {
  __builtin_va_list rest;
  __builtin_va_start(rest, argument);
  void* parent_tid = __builtin_va_arg(rest, void*);
  void* tls = __builtin_va_arg(rest, void*);
  void* child_tid = __builtin_va_arg(rest, void*);
  __builtin_va_end(rest);
  if ((flags & (CLONE_VM | CLONE_THREAD)) == CLONE_VM && is_watched()) expect_sharing_child();
  const int child =
      HEADRACE_CALL(clone, -1, function, stack, flags, argument, parent_tid, tls, child_tid);
  return (flags & CLONE_THREAD) != 0 ? child : note_fork(child, 0);
}

HEADRACE_EXPORT __attribute__((noreturn)) void exit(int code) {
  g_exit_code = code;
  const auto next = HEADRACE_NEXT(exit);
  next(code);
  __builtin_unreachable();
}

HEADRACE_EXPORT __attribute__((noreturn)) void _exit(int code) {
  end(code);
  if (const auto next = HEADRACE_NEXT(_exit); next != nullptr) next(code);
  raw(__NR_exit_group, code);
  __builtin_unreachable();
}

HEADRACE_EXPORT __attribute__((noreturn)) void _Exit(int code) {
  end(code);
  if (const auto next = HEADRACE_NEXT(_Exit); next != nullptr) next(code);
  raw(__NR_exit_group, code);
  __builtin_unreachable();
}

HEADRACE_EXPORT __attribute__((noreturn)) void quick_exit(int code) {
  // Its functions run first, in libc, which then ends the process by itself.
  end(code);
  const auto next = HEADRACE_NEXT(quick_exit);
  next(code);
  __builtin_unreachable();
}

// What the wrappers share. A wrapper calls the next function first and speaks afterwards, so that
// the program's call does what it did; functions that may not return speak before.
#pragma once

#include "box/shim/image.h"
#include "box/shim/next.h"

#define HEADRACE_EXPORT extern "C" __attribute__((visibility("default")))

// The program could only have called what libc has; where it has none the answer is libc's for a
// system call that the kernel does not know.
#define HEADRACE_CALL(name, failure, ...) \
  (HEADRACE_NEXT(name) != nullptr ? HEADRACE_NEXT(name)(__VA_ARGS__) : (failure))

using FILE = struct _IO_FILE;
using DIR = struct __dirstream;
using mode_t = unsigned int;
using off_t = long;
using pid_t = int;

extern "C" {
__attribute__((weak)) int fileno(FILE* file) noexcept;
__attribute__((weak)) int fflush(FILE* file);
__attribute__((weak)) int dirfd(DIR* folder) noexcept;
__attribute__((weak)) extern char** environ;
}

extern "C" int* __errno_location() noexcept;

namespace headrace::box {

// A raw system call's answer as libc gives it.
inline long answer(long result) {
  if (result >= 0 || result < -4095) return result;
  *__errno_location() = static_cast<int>(-result);
  return -1;
}

constexpr uint32_t kFormat = 0170000;
constexpr uint32_t kRegular = 0100000;
constexpr uint32_t kFolder = 0040000;
constexpr uint32_t kPipe = 0010000;

// An open that has returned `fd`; `path` as given, relative to `folder`.
void note_open(int fd, int folder, const char* path, uint32_t open_flags, uint32_t flags);
// A listing of a folder, by descriptor (-1: by path alone).
void note_listing(int fd, const char* path);
// The descriptor of a stream that this library may have to speak of; -1 where it has none.
int descriptor_of(FILE* file);

}  // namespace headrace::box

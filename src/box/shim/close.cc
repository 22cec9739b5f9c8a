// What ends or copies descriptors. Only those that may have been written, or were inherited, are
// spoken of; the others cost a test of a bit.
#include <linux/close_range.h>
#include <linux/fcntl.h>

#include "box/shim/wrap.h"

namespace headrace::box {
namespace {

// Before the descriptor goes. In a vfork child the table is the parent's, whose descriptors stay.
void before_close(int fd) {
  const KeptErrno errno_is_kept;
  if (!is_watched() || in_vfork_child()) return;
  note_close(fd, 0);
  unwatch(fd);
}

void before_close_of(unsigned first, unsigned last) {
  if (last >= kWatchedDescriptors) last = kWatchedDescriptors - 1;
  for (unsigned fd = first; fd <= last; ++fd) {
    if (is_watching(static_cast<int>(fd))) before_close(static_cast<int>(fd));
  }
}

int after_dup(int from, int to) {
  if (to >= 0 && to != from && is_watching(from)) watch(to);
  return to;
}

}  // namespace
}  // namespace headrace::box

using namespace headrace::box;

HEADRACE_EXPORT int close(int fd) {
  if (is_watching(fd)) [[unlikely]]
    before_close(fd);
  return HEADRACE_CALL(close, -1, fd);
}

HEADRACE_EXPORT int fclose(FILE* file) {
  const int fd = descriptor_of(file);
  if (fd >= 0 && is_watching(fd)) {
    // fclose writes what is buffered and closes; the first half is done now, so that the file's end
    // can be seen. Should it fail, fclose meets the same failure and reports it.
    {
      const KeptErrno errno_is_kept;
      if (&fflush != nullptr) fflush(file);
    }
    before_close(fd);
  }
  return HEADRACE_CALL(fclose, -1, file);
}

HEADRACE_EXPORT int close_range(unsigned first, unsigned last, int flags) {
  if ((flags & CLOSE_RANGE_CLOEXEC) == 0) before_close_of(first, last);
  if (HEADRACE_NEXT(close_range) != nullptr) return HEADRACE_NEXT(close_range)(first, last, flags);
  return static_cast<int>(answer(raw(__NR_close_range, first, last, flags)));
}

HEADRACE_EXPORT void closefrom(int first) {
  before_close_of(first < 0 ? 0 : static_cast<unsigned>(first), kWatchedDescriptors);
  if (HEADRACE_NEXT(closefrom) != nullptr) HEADRACE_NEXT(closefrom)(first);
}

HEADRACE_EXPORT int dup(int fd) { return after_dup(fd, HEADRACE_CALL(dup, -1, fd)); }

HEADRACE_EXPORT int dup2(int from, int to) {
  if (from != to && is_watching(to)) before_close(to);
  return after_dup(from, HEADRACE_CALL(dup2, -1, from, to));
}

HEADRACE_EXPORT int dup3(int from, int to, int flags) {
  if (from != to && is_watching(to)) before_close(to);
  return after_dup(from, HEADRACE_CALL(dup3, -1, from, to, flags));
}

namespace {

// The third argument is an int, a pointer or absent; it is passed on as a word.
int after_fcntl(int fd, int command, int result) {
  const bool copies = command == F_DUPFD || command == F_DUPFD_CLOEXEC;
  return copies ? after_dup(fd, result) : result;
}

}  // namespace

HEADRACE_EXPORT int fcntl(int fd, int command, ...) {
  __builtin_va_list rest;
  __builtin_va_start(rest, command);
  void* argument = __builtin_va_arg(rest, void*);
  __builtin_va_end(rest);
  return after_fcntl(fd, command, HEADRACE_CALL(fcntl, -1, fd, command, argument));
}

HEADRACE_EXPORT int fcntl64(int fd, int command, ...) {
  __builtin_va_list rest;
  __builtin_va_start(rest, command);
  void* argument = __builtin_va_arg(rest, void*);
  __builtin_va_end(rest);
  const auto next =
      HEADRACE_NEXT(fcntl64) != nullptr ? HEADRACE_NEXT(fcntl64) : HEADRACE_NEXT(fcntl);
  return after_fcntl(fd, command, next(fd, command, argument));
}

namespace {

int note_pipe(int result, const int ends[2]) {
  if (result != 0) return result;
  const KeptErrno errno_is_kept;
  if (!is_watched() || is_passive()) return result;
  FileBody file{};
  if (facts_of(ends[0], &file)) {
    const PipeBody body{file.dev, file.ino, ends[0], ends[1]};
    write_event({.kind = BoxKind::kPipe, .body = &body});
  }
  return result;
}

}  // namespace

HEADRACE_EXPORT int pipe(int ends[2]) { return note_pipe(HEADRACE_CALL(pipe, -1, ends), ends); }

HEADRACE_EXPORT int pipe2(int ends[2], int flags) {
  return note_pipe(HEADRACE_CALL(pipe2, -1, ends, flags), ends);
}

// Bytes that move without read and write: inside the kernel from file to file, and through shared
// mappings.
#include <linux/fcntl.h>
#include <linux/mman.h>

#include "box/shim/wrap.h"

namespace headrace::box {
namespace {

// A copy is many calls on one pair of descriptors; the first of a thread's present pair speaks.
static thread_local __attribute__((tls_model("initial-exec"))) int t_from = -1;
static thread_local __attribute__((tls_model("initial-exec"))) int t_to = -1;
static thread_local __attribute__((tls_model("initial-exec"))) uint64_t t_to_file = 0;

void note_copy(int from, int to, long bytes) {
  if (bytes <= 0) return;
  const KeptErrno errno_is_kept;
  if (!is_watched() || is_passive()) return;
  CopyBody body{};
  if (!facts_of(to, &body.to)) return;
  if (from == t_from && to == t_to && body.to.ino == t_to_file) return;
  facts_of(from, &body.from);
  t_from = from;
  t_to = to;
  t_to_file = body.to.ino;
  body.from_fd = from;
  body.to_fd = to;
  body.bytes = bytes;
  write_event({.kind = BoxKind::kCopy, .body = &body});
}

void note_map(void* address, int protection, int flags, int fd) {
  const int type = flags & MAP_TYPE;
  if (fd < 0 || (type != MAP_SHARED && type != MAP_SHARED_VALIDATE)) return;
  if ((flags & MAP_ANONYMOUS) != 0 || (protection & PROT_WRITE) == 0) return;
  if (reinterpret_cast<long>(address) == -1) return;
  const KeptErrno errno_is_kept;
  if (!is_watched() || is_passive()) return;
  FileBody body{};
  if (!facts_of(fd, &body) || (body.mode & kFormat) != kRegular) return;
  write_event({.kind = BoxKind::kMap, .result = fd, .body = &body});
}

}  // namespace
}  // namespace headrace::box

using namespace headrace::box;

HEADRACE_EXPORT long copy_file_range(int from, long* from_at, int to, long* to_at, size_t bytes,
                                     unsigned flags) {
  const long done =
      HEADRACE_NEXT(copy_file_range) != nullptr
          ? HEADRACE_NEXT(copy_file_range)(from, from_at, to, to_at, bytes, flags)
          : answer(raw(__NR_copy_file_range, from, raw_pointer(from_at), to, raw_pointer(to_at),
                       static_cast<long>(bytes), static_cast<long>(flags)));
  note_copy(from, to, done);
  return done;
}

HEADRACE_EXPORT long sendfile(int to, int from, long* at, size_t bytes) {
  const long done = HEADRACE_CALL(sendfile, -1, to, from, at, bytes);
  note_copy(from, to, done);
  return done;
}

HEADRACE_EXPORT long sendfile64(int to, int from, long* at, size_t bytes) {
  const long done = HEADRACE_CALL(sendfile64, -1, to, from, at, bytes);
  note_copy(from, to, done);
  return done;
}

HEADRACE_EXPORT long splice(int from, long* from_at, int to, long* to_at, size_t bytes,
                            unsigned flags) {
  const long done = HEADRACE_CALL(splice, -1, from, from_at, to, to_at, bytes, flags);
  note_copy(from, to, done);
  return done;
}

HEADRACE_EXPORT void* mmap(void* address, size_t bytes, int protection, int flags, int fd,
                           off_t offset) {
  void* out = HEADRACE_CALL(mmap, reinterpret_cast<void*>(-1L), address, bytes, protection, flags,
                            fd, offset);
  note_map(out, protection, flags, fd);
  return out;
}

HEADRACE_EXPORT void* mmap64(void* address, size_t bytes, int protection, int flags, int fd,
                             off_t offset) {
  void* out = HEADRACE_CALL(mmap64, reinterpret_cast<void*>(-1L), address, bytes, protection, flags,
                            fd, offset);
  note_map(out, protection, flags, fd);
  return out;
}

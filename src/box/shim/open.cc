// What opens files: the open family with the names that fortified programs call, streams, temporary
// files and folders. libc's own calls from one to the other do not come through here, so each name
// speaks for itself.
#include <linux/fcntl.h>

#include "box/shim/wrap.h"

namespace headrace::box {

int descriptor_of(FILE* file) { return file == nullptr || &fileno == nullptr ? -1 : fileno(file); }

void note_open(int fd, int folder, const char* path, uint32_t open_flags, uint32_t flags) {
  const KeptErrno errno_is_kept;
  if (!is_watched() || is_passive()) return;
  if (fd < 0) {
    count(&LogHeader::failed_opens);
    return;
  }
  FileBody body{};
  if (!facts_of(fd, &body)) return;
  const uint32_t format = body.mode & kFormat;
  if (format != kRegular && format != kFolder && format != kPipe) {
    count(&LogHeader::kernel_opens);
    return;
  }
  if (path != nullptr && (begins_with(path, "/proc/") || begins_with(path, "/sys/"))) {
    count(&LogHeader::kernel_opens);
    return;
  }
  body.open_flags = open_flags;
  const bool writes = (open_flags & O_ACCMODE) != O_RDONLY;
  PathText space;
  const char* whole = path == nullptr ? path_of(fd, &space) : path_at(folder, path, &space);
  if (format == kRegular) {
    if (writes) {
      watch(fd);
    } else if (is_repeated_read(body)) {
      count(&LogHeader::repeated_opens);
      return;
    }
  }
  write_event({.kind = BoxKind::kOpen, .result = fd, .flags = flags, .body = &body, .path = whole});
}

void note_listing(int fd, const char* path) {
  const KeptErrno errno_is_kept;
  if (!is_watched() || is_passive()) return;
  if (path != nullptr && (begins_with(path, "/proc/") || begins_with(path, "/sys/"))) return;
  FileBody body{};
  if (fd >= 0) {
    facts_of(fd, &body);
  } else {
    facts_at(AT_FDCWD, path, true, &body);
  }
  PathText space;
  write_event({.kind = BoxKind::kDirectory,
               .result = fd,
               .body = &body,
               .path = path != nullptr ? path : path_of(fd, &space)});
}

namespace {

bool needs_mode(int flags) {
  return (flags & O_CREAT) != 0 || (flags & __O_TMPFILE) == __O_TMPFILE;
}

// open(2) flags of fopen's mode.
uint32_t flags_of_mode(const char* mode) {
  uint32_t flags = 0;
  switch (mode[0]) {
    case 'w': flags = O_WRONLY | O_CREAT | O_TRUNC; break;
    case 'a': flags = O_WRONLY | O_CREAT | O_APPEND; break;
    default: flags = O_RDONLY; break;
  }
  for (const char* at = mode; *at != '\0' && *at != ','; ++at) {
    if (*at == '+') flags = (flags & ~static_cast<uint32_t>(O_ACCMODE)) | O_RDWR;
    if (*at == 'x') flags |= O_EXCL;
  }
  return flags;
}

FILE* note_stream(FILE* file, const char* path, const char* mode) {
  note_open(file == nullptr ? -1 : descriptor_of(file), AT_FDCWD, path, flags_of_mode(mode),
            kOpenIsStdio);
  return file;
}

int note_temporary(int fd, const char* path) {
  note_open(fd, AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL, kOpenIsTemporary);
  return fd;
}

}  // namespace
}  // namespace headrace::box

using namespace headrace::box;

#define HEADRACE_OPEN(name)                                         \
  HEADRACE_EXPORT int name(const char* path, int flags, ...) {      \
    mode_t mode = 0;                                                \
    if (needs_mode(flags)) {                                        \
      __builtin_va_list rest;                                       \
      __builtin_va_start(rest, flags);                              \
      mode = __builtin_va_arg(rest, mode_t);                        \
      __builtin_va_end(rest);                                       \
    }                                                               \
    const int fd = HEADRACE_CALL(name, -1, path, flags, mode);      \
    note_open(fd, AT_FDCWD, path, static_cast<uint32_t>(flags), 0); \
    return fd;                                                      \
  }
HEADRACE_OPEN(open)
HEADRACE_OPEN(open64)

#define HEADRACE_OPENAT(name)                                              \
  HEADRACE_EXPORT int name(int folder, const char* path, int flags, ...) { \
    mode_t mode = 0;                                                       \
    if (needs_mode(flags)) {                                               \
      __builtin_va_list rest;                                              \
      __builtin_va_start(rest, flags);                                     \
      mode = __builtin_va_arg(rest, mode_t);                               \
      __builtin_va_end(rest);                                              \
    }                                                                      \
    const int fd = HEADRACE_CALL(name, -1, folder, path, flags, mode);     \
    note_open(fd, folder, path, static_cast<uint32_t>(flags), 0);          \
    return fd;                                                             \
  }
HEADRACE_OPENAT(openat)
HEADRACE_OPENAT(openat64)

#define HEADRACE_OPEN_2(name)                                       \
  HEADRACE_EXPORT int name(const char* path, int flags) {           \
    const int fd = HEADRACE_CALL(name, -1, path, flags);            \
    note_open(fd, AT_FDCWD, path, static_cast<uint32_t>(flags), 0); \
    return fd;                                                      \
  }
HEADRACE_OPEN_2(__open_2)
HEADRACE_OPEN_2(__open64_2)

#define HEADRACE_OPENAT_2(name)                                       \
  HEADRACE_EXPORT int name(int folder, const char* path, int flags) { \
    const int fd = HEADRACE_CALL(name, -1, folder, path, flags);      \
    note_open(fd, folder, path, static_cast<uint32_t>(flags), 0);     \
    return fd;                                                        \
  }
HEADRACE_OPENAT_2(__openat_2)
HEADRACE_OPENAT_2(__openat64_2)

#define HEADRACE_CREAT(name)                                        \
  HEADRACE_EXPORT int name(const char* path, mode_t mode) {         \
    const int fd = HEADRACE_CALL(name, -1, path, mode);             \
    note_open(fd, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0); \
    return fd;                                                      \
  }
HEADRACE_CREAT(creat)
HEADRACE_CREAT(creat64)

HEADRACE_EXPORT int open_by_handle_at(int mount, void* handle, int flags) {
  const int fd = HEADRACE_CALL(open_by_handle_at, -1, mount, handle, flags);
  note_open(fd, AT_FDCWD, nullptr, static_cast<uint32_t>(flags), 0);
  return fd;
}

HEADRACE_EXPORT int shm_open(const char* name, int flags, mode_t mode) {
  const int fd = HEADRACE_CALL(shm_open, -1, name, flags, mode);
  note_open(fd, AT_FDCWD, nullptr, static_cast<uint32_t>(flags), 0);
  return fd;
}

#define HEADRACE_FOPEN(name)                                                  \
  HEADRACE_EXPORT FILE* name(const char* path, const char* mode) {            \
    return note_stream(HEADRACE_CALL(name, nullptr, path, mode), path, mode); \
  }
HEADRACE_FOPEN(fopen)
HEADRACE_FOPEN(fopen64)

#define HEADRACE_FREOPEN(name)                                                 \
  HEADRACE_EXPORT FILE* name(const char* path, const char* mode, FILE* file) { \
    const int before = descriptor_of(file);                                    \
    const bool was_watched = before >= 0 && is_watching(before);               \
    if (was_watched) {                                                         \
      const KeptErrno errno_is_kept;                                           \
      if (&fflush != nullptr) fflush(file);                                    \
      if (is_watched()) note_close(before, 0);                                 \
      unwatch(before);                                                         \
    }                                                                          \
    FILE* out = HEADRACE_CALL(name, nullptr, path, mode, file);                \
    return path == nullptr ? out : note_stream(out, path, mode);               \
  }
HEADRACE_FREOPEN(freopen)
HEADRACE_FREOPEN(freopen64)

#define HEADRACE_TMPFILE(name)                                         \
  HEADRACE_EXPORT FILE* name() {                                       \
    FILE* out = HEADRACE_CALL(name, nullptr);                          \
    note_temporary(out == nullptr ? -1 : descriptor_of(out), nullptr); \
    return out;                                                        \
  }
HEADRACE_TMPFILE(tmpfile)
HEADRACE_TMPFILE(tmpfile64)

#define HEADRACE_MKSTEMP(name)                                  \
  HEADRACE_EXPORT int name(char* path) {                        \
    return note_temporary(HEADRACE_CALL(name, -1, path), path); \
  }
HEADRACE_MKSTEMP(mkstemp)
HEADRACE_MKSTEMP(mkstemp64)

#define HEADRACE_MKOSTEMP(name)                                         \
  HEADRACE_EXPORT int name(char* path, int number) {                    \
    return note_temporary(HEADRACE_CALL(name, -1, path, number), path); \
  }
HEADRACE_MKOSTEMP(mkostemp)
HEADRACE_MKOSTEMP(mkostemp64)
HEADRACE_MKOSTEMP(mkstemps)
HEADRACE_MKOSTEMP(mkstemps64)

#define HEADRACE_MKOSTEMPS(name)                                               \
  HEADRACE_EXPORT int name(char* path, int suffix, int flags) {                \
    return note_temporary(HEADRACE_CALL(name, -1, path, suffix, flags), path); \
  }
HEADRACE_MKOSTEMPS(mkostemps)
HEADRACE_MKOSTEMPS(mkostemps64)

HEADRACE_EXPORT char* mkdtemp(char* path) {
  char* out = HEADRACE_CALL(mkdtemp, nullptr, path);
  if (out != nullptr) {
    const KeptErrno errno_is_kept;
    if (is_watched() && !is_passive()) {
      write_event({.kind = BoxKind::kMakeDirectory, .flags = kOpenIsTemporary, .path = out});
    }
  }
  return out;
}

HEADRACE_EXPORT DIR* opendir(const char* path) {
  DIR* out = HEADRACE_CALL(opendir, nullptr, path);
  if (out != nullptr) note_listing(&dirfd == nullptr ? -1 : dirfd(out), path);
  return out;
}

HEADRACE_EXPORT DIR* fdopendir(int fd) {
  DIR* out = HEADRACE_CALL(fdopendir, nullptr, fd);
  if (out != nullptr) note_listing(fd, nullptr);
  return out;
}

#define HEADRACE_SCANDIR(name)                                                        \
  HEADRACE_EXPORT int name(const char* path, void* list, void* choose, void* order) { \
    const int out = HEADRACE_CALL(name, -1, path, list, choose, order);               \
    if (out >= 0) note_listing(-1, path);                                             \
    return out;                                                                       \
  }
HEADRACE_SCANDIR(scandir)
HEADRACE_SCANDIR(scandir64)

#define HEADRACE_FTW(name)                                           \
  HEADRACE_EXPORT int name(const char* path, void* each, int most) { \
    const int out = HEADRACE_CALL(name, -1, path, each, most);       \
    if (out >= 0) note_listing(-1, path);                            \
    return out;                                                      \
  }
HEADRACE_FTW(ftw)
HEADRACE_FTW(ftw64)

#define HEADRACE_NFTW(name)                                                     \
  HEADRACE_EXPORT int name(const char* path, void* each, int most, int flags) { \
    const int out = HEADRACE_CALL(name, -1, path, each, most, flags);           \
    if (out >= 0) note_listing(-1, path);                                       \
    return out;                                                                 \
  }
HEADRACE_NFTW(nftw)
HEADRACE_NFTW(nftw64)

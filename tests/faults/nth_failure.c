/* Preloaded: lets the Nth call of one kind fail, made by the captured program's library.
 *
 *   FAULT_KIND     memory (malloc and family, mmap) or system (open, write, sync, rename, ...)
 *   FAULT_NUMBER   which one fails, from 1; 0: none
 *   FAULT_LIBRARY  part of a path: only calls whose nearest caller outside of the C and C++
 * runtimes lies in that file count. Unset: every call after fault_begin(). FAULT_REPORT   file that
 * gets "<calls seen> <what failed, or ->" when the process ends
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_long seen;
static atomic_int armed;
static const char* failed = "-";
static long number;
static int of_memory;
static pid_t owner;
static _Thread_local int busy;

struct range {
  uintptr_t from, to;
};
static struct range ours[16];
static struct range runtime[64];
static int ours_count, runtime_count;
static const char* library;

static int note_object(struct dl_phdr_info* info, size_t size, void* unused) {
  (void)size, (void)unused;
  const char* name = info->dlpi_name;
  const int is_ours = library != NULL && strstr(name, library) != NULL;
  const int is_runtime = strstr(name, "libc.so") || strstr(name, "libstdc++") ||
                         strstr(name, "libgcc_s") || strstr(name, "ld-linux") ||
                         strstr(name, "nth_failure");
  if (!is_ours && !is_runtime) return 0;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)* part = &info->dlpi_phdr[i];
    if (part->p_type != PT_LOAD || (part->p_flags & PF_X) == 0) continue;
    const struct range range = {info->dlpi_addr + part->p_vaddr,
                                info->dlpi_addr + part->p_vaddr + part->p_memsz};
    if (is_ours && ours_count < 16) ours[ours_count++] = range;
    if (is_runtime && runtime_count < 64) runtime[runtime_count++] = range;
  }
  return 0;
}

static int is_in(const struct range* ranges, int count, void* address) {
  for (int i = 0; i < count; ++i) {
    if ((uintptr_t)address >= ranges[i].from && (uintptr_t)address < ranges[i].to) return 1;
  }
  return 0;
}

/* Whether the library made the call itself: not what it called back, not what called it. */
static int made_by_library(void) {
  if (ours_count == 0) {
    /* It is loaded later than this. */
    static atomic_long misses;
    if (of_memory && atomic_fetch_add(&misses, 1) % 256 != 0) return 0;
    runtime_count = 0;
    dl_iterate_phdr(note_object, NULL);
    if (ours_count == 0) return 0;
  }
  void* frames[16];
  const int depth = backtrace(frames, 16);
  for (int i = 0; i < depth; ++i) {
    if (is_in(runtime, runtime_count, frames[i])) continue;
    return is_in(ours, ours_count, frames[i]);
  }
  return 0;
}

/* Whether this call is to fail. */
static int fails(int memory, const char* what) {
  if (memory != of_memory || !atomic_load(&armed) || busy) return 0;
  busy = 1;
  int out = 0;
  if (library == NULL || made_by_library()) {
    out = atomic_fetch_add(&seen, 1) + 1 == number;
    if (out) {
      failed = what;
      if (getenv("FAULT_TRACE") != NULL) {
        void* frames[32];
        backtrace_symbols_fd(frames, backtrace(frames, 32), 2);
      }
    }
  }
  busy = 0;
  return out;
}

#define REAL(name)                                     \
  static __typeof__(&name) real;                       \
  if (real == NULL) {                                  \
    ++busy;                                            \
    real = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
    --busy;                                            \
  }

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

#define NO_MEMORY(what) \
  if (fails(1, what)) { \
    errno = ENOMEM;     \
    return NULL;        \
  }

void* malloc(size_t bytes) {
  NO_MEMORY("malloc")
  return __libc_malloc(bytes);
}
void* calloc(size_t count, size_t bytes) {
  NO_MEMORY("calloc")
  return __libc_calloc(count, bytes);
}
void* realloc(void* p, size_t bytes) {
  NO_MEMORY("realloc")
  return __libc_realloc(p, bytes);
}
void* aligned_alloc(size_t alignment, size_t bytes) {
  NO_MEMORY("aligned_alloc")
  return __libc_memalign(alignment, bytes);
}
int posix_memalign(void** out, size_t alignment, size_t bytes) {
  if (fails(1, "posix_memalign")) return ENOMEM;
  *out = __libc_memalign(alignment, bytes);
  return *out == NULL ? ENOMEM : 0;
}
void* mmap(void* at, size_t bytes, int protection, int flags, int fd, off_t offset) {
  if (fails(1, "mmap")) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return (void*)syscall(SYS_mmap, at, bytes, protection, flags, fd, offset);
}
void* mmap64(void* at, size_t bytes, int protection, int flags, int fd, off64_t offset) {
  return mmap(at, bytes, protection, flags, fd, offset);
}

#define REFUSE(what, error) \
  if (fails(0, what)) {     \
    errno = error;          \
    return -1;              \
  }

static mode_t mode_of(int flags, va_list arguments) {
  return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}
int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  REFUSE("open", ENOSPC)
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  REFUSE("open64", ENOSPC)
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, arguments);
  va_end(arguments);
  REFUSE("openat", ENOSPC)
  return (int)syscall(SYS_openat, folder, path, flags, mode);
}
ssize_t write(int fd, const void* from, size_t bytes) {
  if (fd > 2) REFUSE("write", EIO)
  return syscall(SYS_write, fd, from, bytes);
}
int fdatasync(int fd) {
  REFUSE("fdatasync", EIO)
  return (int)syscall(SYS_fdatasync, fd);
}
int fsync(int fd) {
  REFUSE("fsync", EIO)
  return (int)syscall(SYS_fsync, fd);
}
int ftruncate(int fd, off_t bytes) {
  REFUSE("ftruncate", EIO)
  return (int)syscall(SYS_ftruncate, fd, bytes);
}
int fallocate(int fd, int mode, off_t from, off_t bytes) {
  REFUSE("fallocate", ENOSPC)
  return (int)syscall(SYS_fallocate, fd, mode, from, bytes);
}
int posix_fallocate(int fd, off_t from, off_t bytes) {
  if (fails(0, "posix_fallocate")) return ENOSPC;
  return syscall(SYS_fallocate, fd, 0, from, bytes) == 0 ? 0 : errno;
}
int rename(const char* from, const char* to) {
  REFUSE("rename", EIO)
  return (int)syscall(SYS_rename, from, to);
}
int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  REFUSE("renameat2", EIO)
  return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}
int unlink(const char* path) {
  REFUSE("unlink", EIO)
  return (int)syscall(SYS_unlink, path);
}
int mkdir(const char* path, mode_t mode) {
  REFUSE("mkdir", ENOSPC)
  return (int)syscall(SYS_mkdir, path, mode);
}
int madvise(void* at, size_t bytes, int advice) {
  REFUSE("madvise", ENOMEM)
  return (int)syscall(SYS_madvise, at, bytes, advice);
}
int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                   void* argument) {
  REAL(pthread_create)
  if (fails(0, "pthread_create")) return EAGAIN;
  return real(thread, attributes, run, argument);
}

/* From here on calls count; a program calls it where its own set-up ends. */
__attribute__((visibility("default"))) void fault_begin(void) { atomic_store(&armed, 1); }

__attribute__((constructor)) static void begin(void) {
  void* frames[4];
  backtrace(frames, 4); /* loads the unwinder now */
  const char* set = getenv("FAULT_NUMBER");
  number = set != NULL ? atol(set) : 0;
  set = getenv("FAULT_KIND");
  of_memory = set != NULL && strcmp(set, "memory") == 0;
  library = getenv("FAULT_LIBRARY");
  dl_iterate_phdr(note_object, NULL);
  owner = getpid();
  if (library != NULL) atomic_store(&armed, 1);
}

__attribute__((destructor)) static void end(void) {
  atomic_store(&armed, 0);
  const char* path = getenv("FAULT_REPORT");
  if (path == NULL || getpid() != owner) return;
  char line[128];
  const int size = snprintf(line, sizeof line, "%ld %s\n", atomic_load(&seen), failed);
  const int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0) return;
  syscall(SYS_write, fd, line, size);
  close(fd);
}

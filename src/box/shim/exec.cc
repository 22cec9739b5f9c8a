// Programs that replace this one, and those that are started beside it.
#include <linux/fcntl.h>

#include "base/run_folder.h"
#include "box/shim/environment.h"
#include "box/shim/wrap.h"

namespace headrace::box {
namespace {

// An image that is no fork child and execs: what its process is then is not what was started
// (base/run_folder.h). False where it is a fork child.
bool note_exec_again(bool happens) {
  if (is_fork_child() || in_vfork_child()) return false;
  Text<640> path;
  path.add(folder_entry() + length_of("HEADRACE_BOX="));
  path.add("/");
  path.add_number(static_cast<uint64_t>(raw(__NR_getpid)));
  path.add(kExecAgainSuffix);
  if (happens) {
    const long fd = raw(__NR_openat, AT_FDCWD, raw_pointer(path.bytes),
                        O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) raw(__NR_close, fd);
  } else {
    raw(__NR_unlinkat, AT_FDCWD, raw_pointer(path.bytes), 0);
  }
  return true;
}

// Speaks before: what comes after a successful exec is another image. `call` gets the environment.
template <typename Call>
int exec_with(const char* path, char* const* given, Call call) {
  ChildEnvironment child;
  char* const* environment = given;
  char** pointers = nullptr;
  bool is_again = false;
  {
    const KeptErrno errno_is_kept;
    if (is_watched_before_exec()) {
      constexpr size_t kMost = 64 * 1024;  // pointers on the stack
      const size_t count = ChildEnvironment::pointers_for(given);
      if (count <= kMost) {
        pointers = static_cast<char**>(__builtin_alloca(count * sizeof(char*)));
        environment = child.place(given, pointers);
      }
      const ChildBody body{static_cast<uint64_t>(now_ns())};
      write_event({.kind = BoxKind::kExec,
                   .result = static_cast<int>(raw(__NR_getpid)),
                   .flags = child.flags(),
                   .body = &body,
                   .path = path});
      is_again = note_exec_again(true);
    }
  }
  const int result = call(environment);
  const KeptErrno errno_is_kept;
  if (is_again) note_exec_again(false);
  if (is_watched()) {
    write_event({.kind = BoxKind::kExecFailed, .result = *__errno_location()});
  }
  return result;
}

struct Began {
  ChildBody body{};
  bool is_noted = false;

  Began() {
    const KeptErrno errno_is_kept;
    is_noted = is_watched();
    if (is_noted) body.began_ns = static_cast<uint64_t>(now_ns());
  }
  void done(int pid, const char* path, uint32_t flags) {
    if (!is_noted) return;
    const KeptErrno errno_is_kept;
    write_event(
        {.kind = BoxKind::kSpawn, .result = pid, .flags = flags, .body = &body, .path = path});
  }
};

template <typename Call>
int spawn_with(int* pid, const char* path, char* const* given, Call call) {
  Began began;
  ChildEnvironment child;
  char* const* environment = given;
  constexpr size_t kMost = 64 * 1024;
  if (began.is_noted) {
    const size_t count = ChildEnvironment::pointers_for(given);
    if (count <= kMost) {
      environment =
          child.place(given, static_cast<char**>(__builtin_alloca(count * sizeof(char*))));
    }
  }
  int own_pid = 0;
  const int result = call(&own_pid, environment);
  if (result == 0) {
    if (pid != nullptr) *pid = own_pid;
    began.done(own_pid, path, child.flags());
  }
  return result;
}

size_t words_of(const char* first, __builtin_va_list rest) {
  size_t n = 0;
  for (const char* at = first; at != nullptr; at = __builtin_va_arg(rest, const char*)) ++n;
  return n;
}

uint32_t own_environment_flags() {
  const char* folder = nullptr;
  const char* preload = nullptr;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    if (begins_with(*at, "HEADRACE_BOX=")) folder = *at;
    if (begins_with(*at, "LD_PRELOAD=")) preload = *at;
  }
  if (folder != nullptr && !same_text(folder, folder_entry())) return kWatchedElsewhere;
  return folder != nullptr && preload != nullptr && contains(preload, "libheadrace_box.so")
             ? kEnvironmentKept
             : 0;
}

}  // namespace
}  // namespace headrace::box

using namespace headrace::box;

HEADRACE_EXPORT int execve(const char* path, char* const* arguments, char* const* environment) {
  return exec_with(path, environment, [&](char* const* with) {
    return HEADRACE_CALL(execve, -1, path, arguments, with);
  });
}

HEADRACE_EXPORT int execvpe(const char* file, char* const* arguments, char* const* environment) {
  return exec_with(file, environment, [&](char* const* with) {
    return HEADRACE_CALL(execvpe, -1, file, arguments, with);
  });
}

HEADRACE_EXPORT int execv(const char* path, char* const* arguments) {
  return exec_with(path, environ, [&](char* const* with) {
    return HEADRACE_CALL(execve, -1, path, arguments, with);
  });
}

HEADRACE_EXPORT int execvp(const char* file, char* const* arguments) {
  return exec_with(file, environ, [&](char* const* with) {
    return HEADRACE_CALL(execvpe, -1, file, arguments, with);
  });
}

HEADRACE_EXPORT int fexecve(int fd, char* const* arguments, char* const* environment) {
  PathText path;
  return exec_with(path_of(fd, &path), environment, [&](char* const* with) {
    return HEADRACE_CALL(fexecve, -1, fd, arguments, with);
  });
}

HEADRACE_EXPORT int execveat(int folder, const char* path, char* const* arguments,
                             char* const* environment, int flags) {
  PathText space;
  return exec_with(path_at(folder, path, &space), environment, [&](char* const* with) {
    if (HEADRACE_NEXT(execveat) != nullptr) {
      return HEADRACE_NEXT(execveat)(folder, path, arguments, with, flags);
    }
    return static_cast<int>(answer(raw(__NR_execveat, folder, raw_pointer(path),
                                       raw_pointer(arguments), raw_pointer(with), flags)));
  });
}

// The words of the command as an array, on the stack.
#define HEADRACE_WORDS(first)                                                        \
  __builtin_va_list rest;                                                            \
  __builtin_va_start(rest, first);                                                   \
  const size_t count = words_of(first, rest);                                        \
  __builtin_va_end(rest);                                                            \
  char** words = static_cast<char**>(__builtin_alloca((count + 1) * sizeof(char*))); \
  __builtin_va_start(rest, first);                                                   \
  for (size_t i = 0; i < count; ++i) {                                               \
    words[i] = i == 0 ? const_cast<char*>(first) : __builtin_va_arg(rest, char*);    \
  }                                                                                  \
  words[count] = nullptr;

HEADRACE_EXPORT int execl(const char* path, const char* first, ...) {
  HEADRACE_WORDS(first)
  __builtin_va_end(rest);
  return execv(path, words);
}

HEADRACE_EXPORT int execlp(const char* file, const char* first, ...) {
  HEADRACE_WORDS(first)
  __builtin_va_end(rest);
  return execvp(file, words);
}

HEADRACE_EXPORT int execle(const char* path, const char* first, ...) {
  HEADRACE_WORDS(first)
  if (count > 0) static_cast<void>(__builtin_va_arg(rest, char*));  // the null that ends the words
  char* const* environment = __builtin_va_arg(rest, char* const*);
  __builtin_va_end(rest);
  return execve(path, words, environment);
}

HEADRACE_EXPORT int posix_spawn(pid_t* pid, const char* path, const void* files,
                                const void* attributes, char* const* arguments,
                                char* const* environment) {
  return spawn_with(pid, path, environment, [&](pid_t* own, char* const* with) {
    constexpr int kNoSystemCall = 38;  // ENOSYS
    return HEADRACE_CALL(posix_spawn, kNoSystemCall, own, path, files, attributes, arguments, with);
  });
}

HEADRACE_EXPORT int posix_spawnp(pid_t* pid, const char* file, const void* files,
                                 const void* attributes, char* const* arguments,
                                 char* const* environment) {
  return spawn_with(pid, file, environment, [&](pid_t* own, char* const* with) {
    constexpr int kNoSystemCall = 38;  // ENOSYS
    return HEADRACE_CALL(posix_spawnp, kNoSystemCall, own, file, files, attributes, arguments,
                         with);
  });
}

HEADRACE_EXPORT int posix_spawn_file_actions_addopen(void* files, int fd, const char* path,
                                                     int flags, mode_t mode) {
  constexpr int kNoSystemCall = 38;  // ENOSYS
  const int result =
      HEADRACE_CALL(posix_spawn_file_actions_addopen, kNoSystemCall, files, fd, path, flags, mode);
  if (result == 0) {
    const KeptErrno errno_is_kept;
    if (is_watched()) {
      const OpenBody body{static_cast<uint32_t>(flags), 0};
      write_event({.kind = BoxKind::kSpawnOpen, .result = fd, .body = &body, .path = path});
    }
  }
  return result;
}

HEADRACE_EXPORT int system(const char* command) {
  Began began;
  const int result = HEADRACE_CALL(system, -1, command);
  if (command != nullptr) began.done(0, "/bin/sh", own_environment_flags());
  return result;
}

HEADRACE_EXPORT FILE* popen(const char* command, const char* mode) {
  Began began;
  FILE* out = HEADRACE_CALL(popen, nullptr, command, mode);
  if (out == nullptr) return out;
  began.done(0, "/bin/sh", own_environment_flags());
  const KeptErrno errno_is_kept;
  const int fd = descriptor_of(out);
  FileBody file{};
  if (began.is_noted && fd >= 0 && facts_of(fd, &file)) {
    const bool reads = mode != nullptr && mode[0] == 'r';
    const PipeBody body{file.dev, file.ino, reads ? fd : -1, reads ? -1 : fd};
    write_event({.kind = BoxKind::kPipe, .body = &body});
  }
  return out;
}

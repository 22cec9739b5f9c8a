// What gives files other names, takes them away, or changes them without opening them.
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "box/shim/wrap.h"

namespace headrace::box {
namespace {

int note_rename(int result, int old_folder, const char* old_path, int new_folder,
                const char* new_path, unsigned flags) {
  if (result != 0) return result;
  const KeptErrno errno_is_kept;
  if (!is_watched() || is_passive()) return result;
  FileBody body{};
  facts_at(new_folder, new_path, false, &body);
  PathText from;
  PathText to;
  const char* const old_name = path_at(old_folder, old_path, &from);
  const char* const new_name = path_at(new_folder, new_path, &to);
  const uint32_t exchange = (flags & RENAME_EXCHANGE) != 0 ? kExchange : 0;
  write_event({.kind = BoxKind::kRename,
               .flags = exchange,
               .body = &body,
               .path = old_name,
               .path2 = new_name});
  if (exchange == 0) return result;
  facts_at(old_folder, old_path, false, &body);
  write_event({.kind = BoxKind::kRename,
               .flags = exchange,
               .body = &body,
               .path = new_name,
               .path2 = old_name});
  return result;
}

int note_link(int result, int old_folder, const char* old_path, int new_folder,
              const char* new_path) {
  if (result != 0) return result;
  const KeptErrno errno_is_kept;
  if (!is_watched() || is_passive()) return result;
  FileBody body{};
  facts_at(new_folder, new_path, false, &body);
  PathText from;
  PathText to;
  const bool by_descriptor = old_path != nullptr && old_path[0] == '\0';
  write_event({.kind = BoxKind::kLink,
               .result = by_descriptor ? old_folder : -1,
               .body = &body,
               .path = path_at(old_folder, old_path, &from),
               .path2 = path_at(new_folder, new_path, &to)});
  return result;
}

int note_symlink(int result, const char* target, int folder, const char* path) {
  if (result != 0) return result;
  const KeptErrno errno_is_kept;
  if (!is_watched() || is_passive()) return result;
  PathText to;
  write_event({.kind = BoxKind::kSymlink, .path = target, .path2 = path_at(folder, path, &to)});
  return result;
}

// An unlink in the making: the file's facts are gone afterwards.
struct Removal {
  FileBody body{};
  bool is_noted = false;

  Removal(int folder, const char* path) {
    const KeptErrno errno_is_kept;
    is_noted = is_watched() && !is_passive() && facts_at(folder, path, false, &body);
  }
  int done(int result, int folder, const char* path) {
    if (result != 0 || !is_noted) return result;
    const KeptErrno errno_is_kept;
    PathText space;
    write_event({.kind = BoxKind::kUnlink,
                 .flags = (body.mode & kFormat) == kFolder ? kIsDirectory : 0,
                 .body = &body,
                 .path = path_at(folder, path, &space)});
    return result;
  }
};

int note_folder(int result, int folder, const char* path) {
  if (result != 0) return result;
  const KeptErrno errno_is_kept;
  if (!is_watched() || is_passive()) return result;
  PathText space;
  write_event({.kind = BoxKind::kMakeDirectory, .path = path_at(folder, path, &space)});
  return result;
}

int note_truncate(int result, int fd, const char* path) {
  if (result != 0) return result;
  const KeptErrno errno_is_kept;
  if (!is_watched() || is_passive()) return result;
  FileBody body{};
  if (path != nullptr) {
    facts_at(AT_FDCWD, path, true, &body);
  } else {
    facts_of(fd, &body);
  }
  write_event({.kind = BoxKind::kTruncate, .result = fd, .body = &body, .path = path});
  return result;
}

int note_chdir(int result) {
  if (result != 0) return result;
  const KeptErrno errno_is_kept;
  if (!is_watched()) return result;
  PathText folder;
  if (raw(__NR_getcwd, raw_pointer(folder.bytes), kLongestPath) > 0) {
    write_event({.kind = BoxKind::kChangeFolder, .path = folder.bytes});
  }
  return result;
}

}  // namespace
}  // namespace headrace::box

using namespace headrace::box;

HEADRACE_EXPORT int rename(const char* from, const char* to) {
  return note_rename(HEADRACE_CALL(rename, -1, from, to), AT_FDCWD, from, AT_FDCWD, to, 0);
}

HEADRACE_EXPORT int renameat(int from_folder, const char* from, int to_folder, const char* to) {
  return note_rename(HEADRACE_CALL(renameat, -1, from_folder, from, to_folder, to), from_folder,
                     from, to_folder, to, 0);
}

HEADRACE_EXPORT int renameat2(int from_folder, const char* from, int to_folder, const char* to,
                              unsigned flags) {
  const int result =
      HEADRACE_NEXT(renameat2) != nullptr
          ? HEADRACE_NEXT(renameat2)(from_folder, from, to_folder, to, flags)
          : static_cast<int>(answer(raw(__NR_renameat2, from_folder, raw_pointer(from), to_folder,
                                        raw_pointer(to), static_cast<long>(flags))));
  return note_rename(result, from_folder, from, to_folder, to, flags);
}

HEADRACE_EXPORT int link(const char* from, const char* to) {
  return note_link(HEADRACE_CALL(link, -1, from, to), AT_FDCWD, from, AT_FDCWD, to);
}

HEADRACE_EXPORT int linkat(int from_folder, const char* from, int to_folder, const char* to,
                           int flags) {
  return note_link(HEADRACE_CALL(linkat, -1, from_folder, from, to_folder, to, flags), from_folder,
                   from, to_folder, to);
}

HEADRACE_EXPORT int symlink(const char* target, const char* path) {
  return note_symlink(HEADRACE_CALL(symlink, -1, target, path), target, AT_FDCWD, path);
}

HEADRACE_EXPORT int symlinkat(const char* target, int folder, const char* path) {
  return note_symlink(HEADRACE_CALL(symlinkat, -1, target, folder, path), target, folder, path);
}

HEADRACE_EXPORT int unlink(const char* path) {
  Removal removal(AT_FDCWD, path);
  return removal.done(HEADRACE_CALL(unlink, -1, path), AT_FDCWD, path);
}

HEADRACE_EXPORT int unlinkat(int folder, const char* path, int flags) {
  Removal removal(folder, path);
  return removal.done(HEADRACE_CALL(unlinkat, -1, folder, path, flags), folder, path);
}

HEADRACE_EXPORT int remove(const char* path) {
  Removal removal(AT_FDCWD, path);
  return removal.done(HEADRACE_CALL(remove, -1, path), AT_FDCWD, path);
}

HEADRACE_EXPORT int rmdir(const char* path) {
  Removal removal(AT_FDCWD, path);
  return removal.done(HEADRACE_CALL(rmdir, -1, path), AT_FDCWD, path);
}

HEADRACE_EXPORT int mkdir(const char* path, mode_t mode) {
  return note_folder(HEADRACE_CALL(mkdir, -1, path, mode), AT_FDCWD, path);
}

HEADRACE_EXPORT int mkdirat(int folder, const char* path, mode_t mode) {
  return note_folder(HEADRACE_CALL(mkdirat, -1, folder, path, mode), folder, path);
}

HEADRACE_EXPORT int truncate(const char* path, off_t size) {
  return note_truncate(HEADRACE_CALL(truncate, -1, path, size), -1, path);
}

HEADRACE_EXPORT int truncate64(const char* path, off_t size) {
  return note_truncate(HEADRACE_CALL(truncate64, -1, path, size), -1, path);
}

HEADRACE_EXPORT int ftruncate(int fd, off_t size) {
  return note_truncate(HEADRACE_CALL(ftruncate, -1, fd, size), fd, nullptr);
}

HEADRACE_EXPORT int ftruncate64(int fd, off_t size) {
  return note_truncate(HEADRACE_CALL(ftruncate64, -1, fd, size), fd, nullptr);
}

HEADRACE_EXPORT int chdir(const char* path) { return note_chdir(HEADRACE_CALL(chdir, -1, path)); }

HEADRACE_EXPORT int fchdir(int fd) { return note_chdir(HEADRACE_CALL(fchdir, -1, fd)); }

#include "spool/directory.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include "base/id.h"

namespace headrace {
namespace fs = std::filesystem;
namespace {

constexpr const char* kNoteEnding = ".elsewhere";

std::string hash_of(const fs::path& path) {
  return named_uuid("headrace spool", path.string()).text().substr(0, 8);
}

// A small file, written once; 0 also when it is there already.
int write_once(FileSystem& files, const fs::path& path, std::string_view text) {
  const int fd = files.create(path.c_str());
  if (fd < 0) return fd == -EEXIST ? 0 : fd;
  const ssize_t n = files.write(fd, text.data(), text.size());
  static_cast<void>(files.close(fd));
  if (n == static_cast<ssize_t>(text.size())) return 0;
  static_cast<void>(files.unlink(path.c_str()));
  return n < 0 ? static_cast<int>(n) : -ENOSPC;
}

}  // namespace

Directory find_directory(const fs::path& from) {
  std::error_code ignored;
  if (const char* set = std::getenv("HEADRACE_DIR"); set != nullptr && *set != '\0') {
    return {fs::absolute(set, ignored).lexically_normal()};
  }
  for (fs::path at = from;; at = at.parent_path()) {
    if (fs::is_directory(at / ".headrace", ignored)) return {at / ".headrace"};
    if (at == at.parent_path()) break;
  }
  return {from / ".headrace"};
}

int make_folders(FileSystem& files, const fs::path& folder, bool synced) {
  int made = files.make_folder(folder.c_str());
  if (made == -ENOENT && folder.has_parent_path() && folder.parent_path() != folder) {
    made = make_folders(files, folder.parent_path(), synced);
    if (made == 0) made = files.make_folder(folder.c_str());
  }
  if (made == 0 && synced) return files.sync_folder(folder.parent_path().c_str());
  return made == -EEXIST ? 0 : made;
}

int make_directory(const Directory& directory, FileSystem& files, bool synced) {
  const int made = make_folders(files, directory.spool(), synced);
  if (made < 0) return made;
  // Captured runs are data, not source: the folder hides itself from git.
  static_cast<void>(write_once(files, directory.root / ".gitignore", "*\n"));
  return 0;
}

Status create_directory(const Directory& directory, FileSystem& files) {
  const int made = make_directory(directory, files, false);
  if (made == 0) return {};
  return io_error("cannot create " + directory.spool().string(), -made)
      .with_advice("set HEADRACE_DIR to a folder you may write");
}

fs::path fallback_spool(const Directory& directory, const fs::path& fallback) {
  return fallback / ("headrace-" + hash_of(directory.root));
}

int note_fallback(const Directory& directory, const fs::path& folder, FileSystem& files) {
  return write_once(files, directory.spool() / (hash_of(folder) + kNoteEnding), folder.string());
}

std::vector<fs::path> spool_folders(const Directory& directory) {
  std::vector<fs::path> out{directory.spool()};
  const auto add = [&out](fs::path folder) {
    if (std::find(out.begin(), out.end(), folder) == out.end()) out.push_back(std::move(folder));
  };
  FileSystem& files = FileSystem::current();
  std::vector<FileSystem::Entry> entries;
  static_cast<void>(files.list(directory.spool().c_str(), entries));
  for (const FileSystem::Entry& entry : entries) {
    if (!entry.name.ends_with(kNoteEnding) || entry.size_bytes > 4096) continue;
    std::string folder;
    if (files.read((directory.spool() / entry.name).c_str(), folder) != 0) continue;
    if (folder.starts_with('/')) add(folder);
  }
  std::error_code error;
  if (const char* set = std::getenv("HEADRACE_SPOOL_FALLBACK"); set != nullptr && *set != '\0') {
    add(fallback_spool(directory, fs::absolute(set, error).lexically_normal()));
  }
  return out;
}

}  // namespace headrace

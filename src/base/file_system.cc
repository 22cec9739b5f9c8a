#include "base/file_system.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace headrace {
namespace {

int result(long returned) { return returned < 0 ? -errno : static_cast<int>(returned); }

FileSystem& real() {
  static FileSystem* const files = new FileSystem;
  return *files;
}
std::atomic<FileSystem*> g_current{nullptr};

}  // namespace

FileSystem& FileSystem::current() {
  FileSystem* files = g_current.load(std::memory_order_acquire);
  return files != nullptr ? *files : real();
}

FileSystem* FileSystem::replace_for_test(FileSystem* other) { return g_current.exchange(other); }

int FileSystem::create(const char* path) {
  return result(::open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
}

int FileSystem::close(int fd) { return result(::close(fd)); }

ssize_t FileSystem::write(int fd, const void* from, size_t bytes) {
  const ssize_t n = ::write(fd, from, bytes);
  return n < 0 ? -errno : n;
}

int FileSystem::sync(int fd) { return result(::fdatasync(fd)); }

int FileSystem::sync_folder(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -errno;
  const int out = result(::fsync(fd));
  ::close(fd);
  // Some file systems have no sync for folders, because their names are never late.
  return out == -EINVAL ? 0 : out;
}

int FileSystem::reserve(int fd, uint64_t from, uint64_t bytes) {
  return result(
      ::fallocate(fd, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from), static_cast<off_t>(bytes)));
}

int FileSystem::truncate(int fd, uint64_t bytes) {
  return result(::ftruncate(fd, static_cast<off_t>(bytes)));
}

int FileSystem::rename(const char* from, const char* to) {
  const int out = result(::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE));
  if (out != -EINVAL && out != -ENOSYS) return out;
  // NFS, Lustre and others know no such flag. Names are a producer's own, so the look before is
  // enough.
  if (::access(to, F_OK) == 0) return -EEXIST;
  return result(::rename(from, to));
}

int FileSystem::link(const char* from, const char* to) { return result(::link(from, to)); }

int FileSystem::unlink(const char* path) { return result(::unlink(path)); }

int FileSystem::make_folder(const char* path) { return result(::mkdir(path, 0777)); }

bool FileSystem::is_own_folder(const char* path) {
  struct stat facts {};
  return ::lstat(path, &facts) == 0 && S_ISDIR(facts.st_mode) && facts.st_uid == ::geteuid();
}

int FileSystem::read(const char* path, std::string& out) {
  int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  // An NFS client may still know the file by a handle that the server has forgotten.
  if (fd < 0 && errno == ESTALE) fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  struct stat facts {};
  if (fstat(fd, &facts) == 0 && facts.st_size > 0) {
    out.reserve(out.size() + static_cast<size_t>(facts.st_size));
  }
  std::array<char, 64 * 1024> piece;
  ssize_t n = 0;
  while ((n = ::read(fd, piece.data(), piece.size())) != 0) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) break;
    out.append(piece.data(), static_cast<size_t>(n));
  }
  const int error = n < 0 ? -errno : 0;
  ::close(fd);
  return error;
}

int FileSystem::list(const char* folder, std::vector<Entry>& out) {
  DIR* dir = ::opendir(folder);
  if (dir == nullptr) return -errno;
  while (const dirent* entry = ::readdir(dir)) {
    struct stat facts {};
    if (fstatat(dirfd(dir), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(facts.st_mode)) {
      out.push_back({entry->d_name, static_cast<uint64_t>(facts.st_size)});
    }
  }
  ::closedir(dir);
  return 0;
}

int FileSystem::facts(const char* path, Facts* out) {
  struct statfs found {};
  if (::statfs(path, &found) != 0) return -errno;
  out->magic = static_cast<uint64_t>(static_cast<uint32_t>(found.f_type));
  out->free_bytes = static_cast<uint64_t>(found.f_bavail) * static_cast<uint64_t>(found.f_bsize);
  out->read_only = (static_cast<unsigned long>(found.f_flags) & ST_RDONLY) != 0;
  return 0;
}

bool is_network_file_system(uint64_t magic) {
  // linux/magic.h and the file systems' own sources.
  static constexpr std::array<uint64_t, 21> kShared = {
      0x6969,      // NFS
      0x0BD00BD0,  // Lustre
      0x47504653,  // GPFS (Spectrum Scale)
      0xFF534D42,  // CIFS
      0xFE534D42,  // SMB2
      0x517B,      // SMB
      0x01021997,  // 9P
      0x00C36400,  // Ceph
      0x5346414F,  // OpenAFS
      0x6B414653,  // kAFS
      0x19830326,  // BeeGFS
      0x20030528,  // OrangeFS, PVFS2
      0xAAD7AAEA,  // PanFS
      0x65735546,  // FUSE: sshfs, DAOS, GlusterFS, ...
      0x7461636F,  // OCFS2
      0x01161970,  // GFS2
      0x73757245,  // Coda
      0x564C,      // NCP
      0x786F4256,  // VirtualBox shared folders
      0xBACBACBC,  // VMware shared folders
      0x013111A8,  // IBRIX
  };
  for (const uint64_t shared : kShared) {
    if (magic == shared) return true;
  }
  return false;
}

bool is_on_network(const char* path) {
  FileSystem::Facts facts;
  return FileSystem::current().facts(path, &facts) != 0 || is_network_file_system(facts.magic);
}

}  // namespace headrace

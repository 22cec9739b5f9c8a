#include "capture/abandoned_rings.h"

#include <cerrno>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/liveness.h"
#include "capture/ring_file.h"

namespace headrace::capture {
namespace {

std::string text_of(const char* text, size_t size) { return {text, strnlen(text, size)}; }

bool is_dead(const RingFileHeader& header, const Liveness& liveness) {
  return header.pid_namespace != 0 &&
         liveness.is_dead(text_of(header.hostname, sizeof header.hostname),
                          text_of(header.boot_id, sizeof header.boot_id), header.pid,
                          static_cast<int64_t>(header.start_time_ticks), header.pid_namespace);
}

// The file system that held the folder is there, and the folder is not.
bool is_deleted(const RingFileHeader& header) {
  if (header.spool_inode == 0 || header.spool_path_bytes > sizeof header.spool_path) return false;
  std::filesystem::path at(std::string(header.spool_path, header.spool_path_bytes));
  struct stat facts {};
  for (int above = 0; at.is_absolute(); ++above, at = at.parent_path()) {
    if (stat(at.c_str(), &facts) == 0) {
      // `.headrace` itself has to be gone, not only its `spool`.
      return above > 1 && facts.st_dev == header.spool_device;
    }
    if (errno != ENOENT || at == at.root_path()) return false;
  }
  return false;
}

void look_at(int folder, const char* name, const Liveness& liveness) {
  const int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return;
  RingFileHeader header{};
  struct stat file {};
  const bool is_settled = fstat(fd, &file) == 0 && S_ISREG(file.st_mode) &&
                          file.st_uid == geteuid() &&
                          file.st_mtim.tv_sec + kSettled_s < time(nullptr);
  if (is_settled && pread(fd, &header, sizeof header, 0) == ssize_t{sizeof header} &&
      std::memcmp(header.magic, kRingMagic, sizeof header.magic) == 0 &&
      header.version == kRingVersion && is_dead(header, liveness) && is_deleted(header) &&
      flock(fd, LOCK_EX | LOCK_NB) == 0) {
    unlinkat(folder, name, 0);
  }
  close(fd);
}

}  // namespace

void remove_abandoned_rings(const std::filesystem::path& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return;
  struct stat facts {};
  DIR* const entries =
      fstat(fd, &facts) == 0 && facts.st_uid == geteuid() ? fdopendir(fd) : nullptr;
  if (entries == nullptr) {
    close(fd);
    return;
  }
  const Liveness liveness;
  int looked_at = 0;
  for (const dirent* one = readdir(entries); one != nullptr && looked_at < kMostRings;
       one = readdir(entries)) {
    if (!std::string_view(one->d_name).ends_with(".ring")) continue;
    ++looked_at;
    look_at(fd, one->d_name, liveness);
  }
  closedir(entries);
}

}  // namespace headrace::capture

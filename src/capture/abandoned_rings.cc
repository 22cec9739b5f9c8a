#include "capture/abandoned_rings.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/process_facts.h"
#include "capture/ring_file.h"

namespace headrace::capture {
namespace {

std::string fact(const ProcessFacts& facts, std::string_view key) {
  for (const auto& [name, value] : facts) {
    if (name == key) return value;
  }
  return {};
}

// Of this host, and certainly ended.
bool is_dead(const RingFileHeader& header, const ProcessFacts& facts) {
  const auto is = [&](const char* text, size_t size, std::string_view key) {
    return std::string_view(text, strnlen(text, size)) == fact(facts, key);
  };
  if (!is(header.hostname, sizeof header.hostname, "host")) return false;
  if (!is(header.boot_id, sizeof header.boot_id, "boot_id")) return true;
  struct stat own {};
  if (stat("/proc/self/ns/pid", &own) != 0 || own.st_ino != header.pid_namespace) return false;
  const std::string path = "/proc/" + std::to_string(header.pid) + "/stat";
  std::ifstream file(path);
  std::string text;
  if (!std::getline(file, text)) {
    return kill(static_cast<pid_t>(header.pid), 0) != 0 && errno == ESRCH;
  }
  return start_time_of(text) != std::to_string(header.start_time_ticks);
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

void look_at(int folder, const char* name, const ProcessFacts& facts) {
  const int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return;
  RingFileHeader header{};
  struct stat file {};
  const bool is_settled = fstat(fd, &file) == 0 && S_ISREG(file.st_mode) &&
                          file.st_uid == geteuid() &&
                          file.st_mtim.tv_sec + kSettled_s < time(nullptr);
  if (is_settled && pread(fd, &header, sizeof header, 0) == ssize_t{sizeof header} &&
      std::memcmp(header.magic, kRingMagic, sizeof header.magic) == 0 &&
      header.version == kRingVersion && is_dead(header, facts) && is_deleted(header) &&
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
  const ProcessFacts own = process_facts();
  int looked_at = 0;
  for (const dirent* one = readdir(entries); one != nullptr && looked_at < kMostRings;
       one = readdir(entries)) {
    if (!std::string_view(one->d_name).ends_with(".ring")) continue;
    ++looked_at;
    look_at(fd, one->d_name, own);
  }
  closedir(entries);
}

}  // namespace headrace::capture

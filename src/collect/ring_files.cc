#include "collect/ring_files.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "capture/ring_directory.h"
#include "collect/earlier_segments.h"
#include "collect/value_text.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostBytes =
    capture::kRingHeaderBytes + size_t{capture::kMaxRingChunks} * capture::kChunkBytes;

int open_ring(const fs::path& path) {
  return ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
}

// Reads up to `size` bytes from `offset`; returns how many there were.
size_t read_at(int fd, char* to, size_t size, size_t offset) {
  size_t done = 0;
  while (done < size) {
    const ssize_t n = pread(fd, to + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += static_cast<size_t>(n);
  }
  return done;
}

// Nobody else may put files where we would take them for ours.
bool is_ours(const fs::path& folder) {
  struct stat facts {};
  return lstat(folder.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode) && facts.st_uid == geteuid();
}

// A spool, told by its path or, since a folder has several, by its place on its file system.
class SpoolPlace {
 public:
  explicit SpoolPlace(const fs::path& spool)
      : path_(spool.native()), is_there_(stat(spool.c_str(), &facts_) == 0) {}
  bool is_of(const RingOwner& owner) const {
    if (owner.spool_path == path_) return true;
    if (!is_there_) return false;
    if (owner.spool_inode != 0) {
      return owner.spool_device == facts_.st_dev && owner.spool_inode == facts_.st_ino;
    }
    // It was not there yet when the ring was made.
    struct stat theirs {};
    return stat(owner.spool_path.c_str(), &theirs) == 0 && theirs.st_dev == facts_.st_dev &&
           theirs.st_ino == facts_.st_ino;
  }

 private:
  std::string path_;
  struct stat facts_ {};
  bool is_there_;
};

bool is_dead(const RingOwner& owner, const Liveness& liveness) {
  return liveness.is_dead(owner.hostname, owner.boot_id, owner.pid, owner.start_time_ticks,
                          owner.pid_namespace);
}

class Finder {
 public:
  Finder(const Directory& directory, const Liveness& liveness)
      : directory_(directory), spool_(directory.spool()), liveness_(liveness) {}

  void look_into(const fs::path& folder) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename().string();
      if (!name.ends_with(".ring")) continue;
      ProducerId producer = 0;
      const auto [end, parsed] =
          std::from_chars(name.data(), name.data() + name.size(), producer, 16);
      if (parsed != std::errc() || name != capture::ring_file_name(producer)) continue;
      look_at(entry.path(), producer);
    }
  }
  std::vector<DeadRing> take() {
    std::sort(found_.begin(), found_.end(),
              [](const DeadRing& a, const DeadRing& b) { return a.path < b.path; });
    return std::move(found_);
  }

 private:
  void look_at(const fs::path& path, ProducerId producer) {
    const int fd = open_ring(path);
    if (fd < 0) return;
    struct stat facts {};
    std::string bytes(sizeof(capture::RingFileHeader), '\0');
    const bool is_file = fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
    if (is_file) bytes.resize(read_at(fd, bytes.data(), bytes.size(), 0));
    close(fd);
    if (!is_file) return;
    DeadRing ring{path, producer, {}, false, {}};
    Result<RingOwner> owner = read_ring_owner(bytes);
    if (owner.ok() && owner->producer != producer) {
      owner = corrupt("its header names another producer than its name does");
    }
    if (owner.ok()) {
      if (!spool_.is_of(*owner) || !is_dead(*owner, liveness_)) return;
      ring.owner = std::move(*owner);
    } else if (owner.status().code() == StatusCode::kCorrupt && is_dead_by_segments(producer)) {
      ring.damage = owner.status().message();
    } else if (owner.status().code() == StatusCode::kUnavailable &&
               was_given_up(bytes, facts.st_mtim.tv_sec)) {
      ring.unmade = true;
    } else {
      return;
    }
    found_.push_back(std::move(ring));
  }

  // Making one takes a moment. Where the header does not yet say who makes it, an hour is enough.
  bool was_given_up(std::string_view bytes, time_t changed_s) const {
    const RingOwner maker = read_maker(bytes);
    if (maker.pid != 0 && is_dead(maker, liveness_)) return true;
    return time(nullptr) - changed_s > 3600;
  }

  // A header that says nothing leaves what its segments, if it has any here, say of the process.
  bool is_dead_by_segments(ProducerId producer) const {
    const EarlierSegments segments = EarlierSegments::read(directory_, producer);
    std::vector<std::pair<std::string_view, std::string_view>> facts;
    if (!split_map(segments.last_facts(), facts)) return false;
    const auto text = [&facts](std::string_view key) {
      std::string out;
      for (const auto& [name, value] : facts) {
        if (name == key && value.size() >= 5) out = value.substr(5);
      }
      return out;
    };
    const auto number = [&text](std::string_view key) {
      return std::strtoll(text(key).c_str(), nullptr, 10);
    };
    return liveness_.is_dead(text("host"), text("boot_id"), number("pid"),
                             number("start_time_ticks"));
  }

  const Directory& directory_;
  const SpoolPlace spool_;
  const Liveness& liveness_;
  std::vector<DeadRing> found_;
};

}  // namespace

std::vector<DeadRing> find_dead_rings(const Directory& directory, const Liveness& liveness) {
  Finder finder(directory, liveness);
  const fs::path rings = capture::ring_directory();
  if (is_ours(rings)) finder.look_into(rings);
  finder.look_into(directory.spool());
  return finder.take();
}

std::vector<LeftRing> find_left_rings(const Liveness& liveness) {
  std::vector<LeftRing> out;
  const fs::path rings = capture::ring_directory();
  if (!is_ours(rings)) return out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(rings, error)) {
    if (entry.path().extension() != ".ring") continue;
    const int fd = open_ring(entry.path());
    if (fd < 0) continue;
    struct stat facts {};
    std::string bytes(sizeof(capture::RingFileHeader), '\0');
    if (fstat(fd, &facts) == 0) bytes.resize(read_at(fd, bytes.data(), bytes.size(), 0));
    close(fd);
    const Result<RingOwner> owner = read_ring_owner(bytes);
    if (!owner.ok() || !is_dead(*owner, liveness)) continue;
    const fs::path folder = fs::path(owner->spool_path).parent_path();
    out.push_back({entry.path(), folder, static_cast<uint64_t>(facts.st_blocks) * 512,
                   fs::exists(folder, error)});
  }
  std::sort(out.begin(), out.end(),
            [](const LeftRing& a, const LeftRing& b) { return a.path < b.path; });
  return out;
}

Result<LockedRing> LockedRing::open(const fs::path& path) {
  LockedRing out;
  out.fd_ = open_ring(path);
  if (out.fd_ < 0) return io_error("cannot read ring " + path.string(), errno);
  if (flock(out.fd_, LOCK_EX | LOCK_NB) != 0) {
    return unavailable("another collector reads ring " + path.string());
  }
  HEADRACE_RETURN_IF_ERROR(out.read(path));
  return out;
}

Status LockedRing::read(const fs::path& path) {
  struct stat facts {};
  if (fstat(fd_, &facts) != 0 || facts.st_nlink == 0) {
    return unavailable("another collector has taken ring " + path.string());
  }
  const size_t size = std::min(static_cast<size_t>(facts.st_size), kMostBytes);
  if (size == 0) return {};
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return io_error("no memory for ring " + path.string(), errno);
  memory_ = memory;
  size_ = size;
  // Most of it is holes, which cost neither time nor memory.
  for (size_t at = 0; at < size;) {
    const off_t data = lseek(fd_, static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;
    const size_t from = data < 0 ? at : static_cast<size_t>(data);
    const off_t hole = data < 0 ? -1 : lseek(fd_, data, SEEK_HOLE);
    const size_t to = hole < 0 ? size : std::min(static_cast<size_t>(hole), size);
    if (from >= to) break;
    if (read_at(fd_, static_cast<char*>(memory_) + from, to - from, from) < to - from) {
      return io_error("cannot read ring " + path.string(), errno != 0 ? errno : EIO);
    }
    at = to;
  }
  return {};
}

LockedRing::LockedRing(LockedRing&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      memory_(std::exchange(other.memory_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

LockedRing& LockedRing::operator=(LockedRing&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(memory_, other.memory_);
  std::swap(size_, other.size_);
  return *this;
}

LockedRing::~LockedRing() {
  if (memory_ != nullptr) munmap(memory_, size_);
  if (fd_ >= 0) close(fd_);
}

}  // namespace headrace::collect

#include "lab/lab_clock.h"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/clock.h"

namespace headrace::lab {

struct LabClock::Face {
  static constexpr uint32_t kMagic = 0x6b636c68;  // "hlck"
  uint32_t magic = kMagic;
  Kind kind = Kind::kReal;
  int64_t began_ns = 0;         // monotonic
  std::atomic<int64_t> now_ns;  // of a turned one
};

namespace {

template <typename Face>
Result<Face*> map(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  if (fd < 0) return io_error("cannot open the laboratory's clock " + path, errno);
  struct stat facts {};
  void* at = MAP_FAILED;
  bool short_file = false;
  if ((flags & O_CREAT) == 0) {
    short_file = fstat(fd, &facts) != 0 || static_cast<size_t>(facts.st_size) < sizeof(Face);
  } else if (ftruncate(fd, sizeof(Face)) != 0) {
    short_file = true;
  }
  if (!short_file) {
    at = mmap(nullptr, sizeof(Face), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  const int error = errno;
  close(fd);
  if (short_file) return corrupt(path + " is no laboratory's clock: start `headrace lab` anew");
  if (at == MAP_FAILED) return io_error("cannot map the laboratory's clock " + path, error);
  return static_cast<Face*>(at);
}

}  // namespace

Result<LabClock> LabClock::create(const std::string& path, Kind kind) {
  const Result<Face*> face = map<Face>(path, O_RDWR | O_CREAT | O_TRUNC);
  if (!face.ok()) return face.status();
  (*face)->kind = kind;
  (*face)->began_ns = now_monotonic_ns();
  (*face)->magic = Face::kMagic;
  return LabClock(*face);
}

Result<LabClock> LabClock::open(const std::string& path) {
  const Result<Face*> face = map<Face>(path, O_RDWR);
  if (!face.ok()) return face.status();
  LabClock clock(*face);
  if ((*face)->magic != Face::kMagic) {
    return corrupt(path + " is no laboratory's clock: start `headrace lab` anew");
  }
  return clock;
}

LabClock::LabClock(LabClock&& other) noexcept : face_(std::exchange(other.face_, nullptr)) {}

LabClock::~LabClock() {
  if (face_ != nullptr) munmap(face_, sizeof(Face));
}

int64_t LabClock::now_ns() const {
  if (face_->kind == Kind::kReal) return now_monotonic_ns() - face_->began_ns;
  return face_->now_ns.load(std::memory_order_acquire);
}

void LabClock::turn_to(int64_t now_ns) { face_->now_ns.store(now_ns, std::memory_order_release); }

}  // namespace headrace::lab

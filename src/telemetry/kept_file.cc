#include "telemetry/kept_file.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "telemetry/scan.h"

namespace headrace::telemetry {

KeptFile::~KeptFile() { close(); }

KeptFile::KeptFile(KeptFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      error_(other.error_),
      failures_(other.failures_),
      path_(std::move(other.path_)) {}

KeptFile& KeptFile::operator=(KeptFile&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
    error_ = other.error_;
    failures_ = other.failures_;
    path_ = std::move(other.path_);
  }
  return *this;
}

void KeptFile::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Status KeptFile::open(const std::string& path) {
  close();
  do {
    fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  } while (fd_ < 0 && errno == EINTR);
  error_ = fd_ < 0 ? errno : 0;
  failures_ = 0;
  if (fd_ >= 0) path_ = path;
  return fd_ < 0 ? io_error("cannot open " + path, error_) : ok_status();
}

std::string_view KeptFile::read(std::span<char> buffer) {
  if (path_.empty()) return {};
  // One pread: the kernel makes a new snapshot of such a file at offset 0, and a second call at a
  // later offset would continue another one.
  ssize_t n = 0;
  do {
    n = ::pread(fd_, buffer.data(), buffer.size(), 0);
  } while (n < 0 && errno == EINTR);
  // What opening it anew said holds until there is an answer again.
  if (n < 0) {
    error_ = errno;
  } else if (n > 0 || failures_ == 0) {
    error_ = 0;
  }
  if (n > 0) {
    failures_ = 0;
    return {buffer.data(), static_cast<size_t>(n)};
  }
  ++failures_;
  if (failures_ % kRetries == 0 || (failures_ & (failures_ - 1)) == 0) open_anew();
  return {};
}

// What the next reading finds; this one stays a gap.
void KeptFile::open_anew() {
  const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    error_ = errno;
    return;
  }
  close();
  fd_ = fd;
}

void KeptFile::read_number(Reading& out) {
  std::array<char, 64> buffer;
  const std::string_view text = read(buffer);
  if (const auto value = only_number(text)) {
    out.set(*value);
  } else {
    out.why = failure(text);
  }
}

Result<std::string> read_once(const std::string& path) {
  KeptFile file;
  HEADRACE_RETURN_IF_ERROR(file.open(path));
  std::string buffer(64 * 1024, '\0');
  const size_t n = file.read(buffer).size();
  if (n == 0 && file.error_number() != 0) {
    return io_error("cannot read " + path, file.error_number());
  }
  buffer.resize(n);
  return buffer;
}

}  // namespace headrace::telemetry

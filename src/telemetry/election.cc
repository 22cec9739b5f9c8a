#include "telemetry/election.h"

#include <atomic>
#include <cstddef>
#include <cstring>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/sha256.h"

namespace headrace::telemetry {
namespace {

// What a fork child must let go, or it would hold the name for as long as it lives.
std::atomic<int> g_elected_socket{-1};

void release_in_child() {
  if (const int fd = g_elected_socket.exchange(-1); fd >= 0) close(fd);
}

}  // namespace

Election::Election(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::path real = std::filesystem::weakly_canonical(directory, error);
  if (error) real = directory;
  // Abstract names hold 107 bytes: the folder stands in by its hash.
  name_ = "headrace/" + std::to_string(getuid()) + "/" + hex(sha256(real.string())).substr(0, 32);
}

Election::~Election() { resign(); }

bool Election::stand() {
  if (socket_ >= 0) return true;
  static const int once = pthread_atfork(nullptr, nullptr, &release_in_child);
  (void)once;
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name_.data(), name_.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
  // sockaddr_un is passed as sockaddr by the interface's own convention.
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), length) != 0) {
    close(fd);
    return false;
  }
  socket_ = fd;
  g_elected_socket.store(fd);
  return true;
}

void Election::resign() {
  if (socket_ < 0) return;
  // In a fork child the socket is closed already, and its number may be another file's by now.
  int expected = socket_;
  if (g_elected_socket.compare_exchange_strong(expected, -1)) close(socket_);
  socket_ = -1;
}

}  // namespace headrace::telemetry

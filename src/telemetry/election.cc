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

struct Address {
  sockaddr_un name{};
  socklen_t length = 0;
  // sockaddr_un is passed as sockaddr by the interface's own convention.
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&name); }
};

Address address_of(const std::string& name) {
  Address out;
  out.name.sun_family = AF_UNIX;
  std::memcpy(out.name.sun_path + 1, name.data(), name.size());
  out.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  return out;
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
  const Address address = address_of(name_);
  if (bind(fd, address.get(), address.length) != 0) {
    close(fd);
    return false;
  }
  socket_ = fd;
  g_elected_socket.store(fd);
  return true;
}

void Election::tell(int64_t age_ns) const {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return;
  const Address address = address_of(name_);
  sendto(fd, &age_ns, sizeof age_ns, MSG_DONTWAIT | MSG_NOSIGNAL, address.get(), address.length);
  close(fd);
}

std::optional<int64_t> Election::heard() {
  std::optional<int64_t> out;
  int64_t age_ns = 0;
  while (socket_ >= 0 && recv(socket_, &age_ns, sizeof age_ns, MSG_DONTWAIT) ==
                             static_cast<ssize_t>(sizeof age_ns)) {
    if (age_ns >= 0 && (!out || age_ns < *out)) out = age_ns;
  }
  return out;
}

void Election::resign() {
  if (socket_ < 0) return;
  // In a fork child the socket is closed already, and its number may be another file's by now.
  int expected = socket_;
  if (g_elected_socket.compare_exchange_strong(expected, -1)) close(socket_);
  socket_ = -1;
}

}  // namespace headrace::telemetry

#include "collect/live_server.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include "base/clock.h"

namespace headrace::collect {
namespace {

constexpr const char* kSocketName = "serve.sock";
constexpr size_t kMostAnswer = 64 << 10;

// The length that a header's Content-Length says; 0 without.
size_t body_length(const std::string& head) {
  const size_t at = head.find("\r\nContent-Length: ");
  return at == std::string::npos ? 0 : std::strtoul(head.c_str() + at + 18, nullptr, 10);
}

// The text of a member of a flat JSON object whose texts hold no escapes; else "".
std::string member(const std::string& json, const std::string& name) {
  const std::string begin = "\"" + name + "\":\"";
  const size_t at = json.find(begin);
  if (at == std::string::npos) return "";
  const size_t from = at + begin.size();
  return json.substr(from, json.find('"', from) - from);
}

}  // namespace

std::filesystem::path socket_of(const Directory& directory) { return directory.root / kSocketName; }

SocketFolder::~SocketFolder() {
  if (descriptor_ >= 0) close(descriptor_);
}

bool SocketFolder::open(const Directory& directory) {
  descriptor_ = ::open(directory.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  return descriptor_ >= 0;
}

std::string SocketFolder::socket_path() const {
  return "/proc/self/fd/" + std::to_string(descriptor_) + "/" + kSocketName;
}

std::optional<LiveServer> LiveServer::find(const Directory& directory) {
  if (access(socket_of(directory).c_str(), F_OK) != 0) return std::nullopt;
  SocketFolder folder;
  if (!folder.open(directory)) return std::nullopt;
  const int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection < 0) return std::nullopt;
  LiveServer out(connection);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::strncpy(to.sun_path, folder.socket_path().c_str(), sizeof to.sun_path - 1);
  if (connect(connection, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
    return std::nullopt;
  }
  return out;
}

LiveServer::LiveServer(LiveServer&& other) noexcept
    : connection_(std::exchange(other.connection_, -1)) {}

LiveServer::~LiveServer() {
  if (connection_ >= 0) close(connection_);
}

Result<std::string> LiveServer::post(const std::string& path, int wait_ms) {
  const std::string request =
      "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
  if (send(connection_, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return unavailable("headrace serve does not take the question");
  }
  std::string answer;
  const int64_t end_ns = now_monotonic_ns() + int64_t{wait_ms} * 1'000'000;
  for (;;) {
    const size_t head_end = answer.find("\r\n\r\n");
    if (head_end != std::string::npos) {
      const std::string head = answer.substr(0, head_end + 2);
      if (answer.size() >= head_end + 4 + body_length(head)) {
        const std::string body = answer.substr(head_end + 4);
        if (head.starts_with("HTTP/1.1 200")) return body;
        const std::string what = member(body, "what");
        return unavailable("headrace serve: " + (what.empty() ? head.substr(0, 40) : what));
      }
    }
    const int64_t left_ms = (end_ns - now_monotonic_ns()) / 1'000'000;
    pollfd readable{connection_, POLLIN, 0};
    if (left_ms <= 0 || answer.size() > kMostAnswer ||
        poll(&readable, 1, static_cast<int>(left_ms)) == 0) {
      return unavailable("headrace serve has not answered within " + std::to_string(wait_ms) +
                         " ms");
    }
    char bytes[4096];
    const ssize_t n = recv(connection_, bytes, sizeof bytes, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return unavailable("headrace serve has ended");
    answer.append(bytes, static_cast<size_t>(n));
  }
}

Status LiveServer::fold(int wait_ms) { return post("/fold", wait_ms).status(); }

Status LiveServer::lend(int wait_ms) { return post("/lend", wait_ms).status(); }

Result<std::string> LiveServer::open_url(int wait_ms) {
  const Result<std::string> answer = post("/ticket", wait_ms);
  if (!answer.ok()) return answer.status();
  std::string url = member(*answer, "url");
  if (url.empty()) return unavailable("headrace serve answers on its socket alone");
  return url;
}

}  // namespace headrace::collect

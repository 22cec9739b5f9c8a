// What a test needs of a Redis server: it listens on loopback, in threads of the test, and answers
// as it is told.
//
//   RedisServerForTest server([](const Command& command) { return "+OK\r\n"; });
//   RedisConnection::open(server.address());
#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "exchange/redis_connection.h"

namespace headrace::exchange {

using Command = std::vector<std::string>;

inline std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

class RedisServerForTest {
 public:
  // The bytes that a command is answered with; empty: nothing is said.
  using Answer = std::function<std::string(const Command&)>;

  explicit RedisServerForTest(Answer answer = {}) : answer_(std::move(answer)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* address = reinterpret_cast<sockaddr*>(&at);
    socklen_t size = sizeof at;
    if (::bind(listener_, address, size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, address, &size) != 0) {
      std::abort();
    }
    port_ = ntohs(at.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~RedisServerForTest() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    cut();
    for (std::thread& one : threads_) one.join();
    for (const int fd : all_) ::close(fd);
    ::close(listener_);
  }
  RedisServerForTest(const RedisServerForTest&) = delete;
  RedisServerForTest& operator=(const RedisServerForTest&) = delete;

  RedisAddress address() const {
    RedisAddress out;
    out.port = std::to_string(port_);
    return out;
  }
  std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }
  // So many bytes are sent at once.
  void send_in_pieces_of(size_t bytes) { piece_bytes_ = bytes; }

  // To whoever has subscribed; false while nobody has.
  bool say(const std::string& bytes) {
    const std::lock_guard lock(mutex_);
    for (const int fd : subscribed_) send_all(fd, bytes);
    return !subscribed_.empty();
  }
  bool publish(std::string_view channel, std::string_view message) {
    return say("*4\r\n" + bulk("pmessage") + bulk(channel) + bulk(channel) + bulk(message));
  }
  // Ends all connections.
  void cut() {
    const std::lock_guard lock(mutex_);
    for (const int fd : all_) ::shutdown(fd, SHUT_RDWR);
    subscribed_.clear();
  }
  // What was asked, PING left out.
  std::vector<Command> commands() const {
    const std::lock_guard lock(mutex_);
    return commands_;
  }

 private:
  void accept_all() {
    while (true) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      all_.push_back(fd);
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }

  void serve(int fd) {
    std::string in;
    char piece[4096];
    while (true) {
      const ssize_t n = ::recv(fd, piece, sizeof piece, 0);
      if (n <= 0) return;
      in.append(piece, static_cast<size_t>(n));
      Command command;
      while (take(in, &command)) answer(fd, command);
    }
  }

  // One command off the front; false while it is not whole.
  static bool take(std::string& in, Command* out) {
    size_t at = 0;
    size_t count = 0;
    if (!number(in, &at, &count)) return false;
    out->clear();
    for (size_t i = 0; i < count; ++i) {
      size_t size = 0;
      if (!number(in, &at, &size) || in.size() < at + size + 2) return false;
      out->push_back(in.substr(at, size));
      at += size + 2;
    }
    in.erase(0, at);
    return true;
  }
  static bool number(const std::string& in, size_t* at, size_t* out) {
    const size_t end = in.find("\r\n", *at);
    if (end == std::string::npos) return false;
    std::from_chars(in.data() + *at + 1, in.data() + end, *out);
    *at = end + 2;
    return true;
  }

  void answer(int fd, const Command& command) {
    std::string bytes = answer_ ? answer_(command) : std::string();
    const std::lock_guard lock(mutex_);
    if (command[0] != "PING") commands_.push_back(command);
    if (bytes.empty() && !answer_) bytes = usual(command);
    send_all(fd, bytes);
    if (command[0] == "PSUBSCRIBE") subscribed_.push_back(fd);
  }
  static std::string usual(const Command& command) {
    if (command[0] == "PING") return "+PONG\r\n";
    if (command[0] == "PSUBSCRIBE") {
      return "*3\r\n" + bulk("psubscribe") + bulk(command[1]) + ":1\r\n";
    }
    return command[0] == "GET" ? "$-1\r\n" : ":1\r\n";
  }
  void send_all(int fd, const std::string& bytes) const {
    const size_t most = piece_bytes_ == 0 ? bytes.size() : piece_bytes_;
    for (size_t at = 0; at < bytes.size();) {
      const ssize_t n =
          ::send(fd, bytes.data() + at, std::min(most, bytes.size() - at), MSG_NOSIGNAL);
      if (n <= 0) return;
      at += static_cast<size_t>(n);
    }
  }

  const Answer answer_;
  size_t piece_bytes_ = 0;
  int listener_ = -1;
  int port_ = 0;
  std::thread acceptor_;
  mutable std::mutex mutex_;
  std::vector<std::thread> threads_;
  std::vector<int> all_;
  std::vector<int> subscribed_;
  std::vector<Command> commands_;
};

}  // namespace headrace::exchange

#include "exchange/redis_connection.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace headrace::exchange {
namespace {

// The longest text that Redis itself allows.
constexpr int64_t kMostTextBytes = int64_t{512} << 20;
constexpr int kMostDepth = 8;
// Of one that says a length, a status or an error.
constexpr size_t kMostLineBytes = 65536;

// Reads one reply out of what has come so far.
class ReplyReader {
 public:
  ReplyReader(std::string_view in, size_t at) : in_(in), at_(at) {}
  enum class Outcome : uint8_t { kWhole, kMore, kDamaged };

  Outcome read(RedisReply* out, int depth = 0) {
    std::string_view line;
    if (!take_line(&line)) {
      return in_.size() - at_ > kMostLineBytes ? Outcome::kDamaged : Outcome::kMore;
    }
    if (line.empty() || depth > kMostDepth) return Outcome::kDamaged;
    const std::string_view rest = line.substr(1);
    switch (line.front()) {
      case '+': *out = {RedisReply::Kind::kText, std::string(rest), 0, {}}; return Outcome::kWhole;
      case '-': *out = {RedisReply::Kind::kError, std::string(rest), 0, {}}; return Outcome::kWhole;
      case ':':
        out->kind = RedisReply::Kind::kInteger;
        return number(rest, &out->integer) ? Outcome::kWhole : Outcome::kDamaged;
      case '$': return text(rest, out);
      case '*': return list(rest, out, depth);
      default: return Outcome::kDamaged;
    }
  }
  size_t at() const { return at_; }

 private:
  bool take_line(std::string_view* line) {
    const size_t end = in_.find("\r\n", at_);
    if (end == std::string_view::npos) return false;
    *line = in_.substr(at_, end - at_);
    at_ = end + 2;
    return true;
  }
  static bool number(std::string_view text, int64_t* out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
    return error == std::errc() && end == text.data() + text.size();
  }
  Outcome text(std::string_view length_text, RedisReply* out) {
    int64_t length = 0;
    if (!number(length_text, &length) || length < -1 || length > kMostTextBytes) {
      return Outcome::kDamaged;
    }
    if (length < 0) return Outcome::kWhole;
    const auto size = static_cast<size_t>(length);
    if (in_.size() - at_ < size + 2) return Outcome::kMore;
    if (in_.substr(at_ + size, 2) != "\r\n") return Outcome::kDamaged;
    *out = {RedisReply::Kind::kText, std::string(in_.substr(at_, size)), 0, {}};
    at_ += size + 2;
    return Outcome::kWhole;
  }
  Outcome list(std::string_view count_text, RedisReply* out, int depth) {
    int64_t count = 0;
    if (!number(count_text, &count) || count < -1 || count > (1 << 20)) return Outcome::kDamaged;
    if (count < 0) return Outcome::kWhole;
    out->kind = RedisReply::Kind::kList;
    for (int64_t i = 0; i < count; ++i) {
      RedisReply item;
      if (const Outcome outcome = read(&item, depth + 1); outcome != Outcome::kWhole) {
        return outcome;
      }
      out->items.push_back(std::move(item));
    }
    return Outcome::kWhole;
  }

  std::string_view in_;
  size_t at_;
};

int connected(const RedisAddress& address, std::string* why) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &wanted, &found);
      error != 0) {
    *why = ::gai_strerror(error);
    return -1;
  }
  int fd = -1;
  for (const addrinfo* at = found; at != nullptr && fd < 0; at = at->ai_next) {
    fd = ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (fd < 0) continue;
    const timeval patience{RedisConnection::kPatience.count() / 1000, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    if (::connect(fd, at->ai_addr, at->ai_addrlen) != 0) {
      *why = std::strerror(errno);
      ::close(fd);
      fd = -1;
    }
  }
  ::freeaddrinfo(found);
  return fd;
}

}  // namespace

Result<RedisAddress> RedisAddress::parse(std::string_view url) {
  constexpr std::string_view kScheme = "redis://";
  if (url.starts_with("rediss://")) {
    return unsupported("connections to Redis over TLS (rediss://) are not supported");
  }
  if (!url.starts_with(kScheme)) {
    return invalid_argument("an address of Redis is redis://HOST[:PORT][/CHANNEL]");
  }
  url.remove_prefix(kScheme.size());
  RedisAddress out;
  if (const size_t slash = url.find('/'); slash != std::string_view::npos) {
    out.channel = url.substr(slash + 1);
    url = url.substr(0, slash);
  }
  if (const size_t at = url.rfind('@'); at != std::string_view::npos) {
    const std::string_view who = url.substr(0, at);
    const size_t colon = who.find(':');
    if (colon != std::string_view::npos) out.password = who.substr(colon + 1);
    out.user = who.substr(0, colon);
    url.remove_prefix(at + 1);
  }
  size_t colon = url.rfind(':');
  if (url.starts_with('[')) {
    const size_t close = url.find(']');
    if (close == std::string_view::npos) return invalid_argument("an address that lacks its ']'");
    out.host = url.substr(1, close - 1);
    colon = close + 1 < url.size() ? close + 1 : std::string_view::npos;
  } else if (!url.substr(0, colon).empty()) {
    out.host = url.substr(0, colon);
  }
  if (colon != std::string_view::npos) out.port = url.substr(colon + 1);
  int port = 0;
  const auto [end, error] =
      std::from_chars(out.port.data(), out.port.data() + out.port.size(), port);
  if (error != std::errc() || end != out.port.data() + out.port.size() || port < 1 ||
      port > 65535) {
    return invalid_argument("'" + out.port + "' is no port of an address of Redis");
  }
  return out;
}

std::string RedisAddress::text() const {
  return "redis://" + host + ":" + port + (channel.empty() ? "" : "/" + channel);
}

Result<RedisConnection> RedisConnection::open(const RedisAddress& address) {
  std::string why = "it has no address";
  const int fd = connected(address, &why);
  RedisConnection out(fd, address.text());
  if (fd < 0) return out.fail(why);
  if (!address.password.empty()) {
    const Result<RedisReply> let_in = address.user.empty()
                                          ? out.ask({"AUTH", address.password})
                                          : out.ask({"AUTH", address.user, address.password});
    if (!let_in.ok()) return out.fail(let_in.status().message());
  }
  const Result<RedisReply> there = out.ask({"PING"});
  if (!there.ok()) return out.fail(there.status().message());
  return out;
}

RedisConnection::RedisConnection(RedisConnection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      address_(std::move(other.address_)),
      in_(std::move(other.in_)),
      at_(other.at_) {}

RedisConnection& RedisConnection::operator=(RedisConnection&& other) noexcept {
  std::swap(fd_, other.fd_);
  address_ = std::move(other.address_);
  in_ = std::move(other.in_);
  at_ = other.at_;
  return *this;
}

RedisConnection::~RedisConnection() {
  if (fd_ >= 0) ::close(fd_);
}

Status RedisConnection::fail(const std::string& why) const {
  return unavailable("no Redis at " + address_ + ": " + why);
}

Status RedisConnection::send(std::initializer_list<std::string_view> command) {
  std::string out = "*" + std::to_string(command.size()) + "\r\n";
  for (const std::string_view part : command) {
    out += "$" + std::to_string(part.size()) + "\r\n";
    out += part;
    out += "\r\n";
  }
  for (size_t sent = 0; sent < out.size();) {
    const ssize_t n = ::send(fd_, out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return fail(std::strerror(errno));
    sent += static_cast<size_t>(n);
  }
  return ok_status();
}

Result<std::optional<RedisReply>> RedisConnection::next(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (true) {
    RedisReply reply;
    ReplyReader reader(in_, at_);
    switch (reader.read(&reply)) {
      case ReplyReader::Outcome::kWhole:
        at_ = reader.at();
        if (at_ == in_.size()) {
          in_.clear();
          at_ = 0;
        }
        return std::optional(std::move(reply));
      case ReplyReader::Outcome::kDamaged: return fail("what it sends is not Redis's protocol");
      case ReplyReader::Outcome::kMore: break;
    }
    in_.erase(0, at_);
    at_ = 0;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd wait{fd_, POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(std::max<int64_t>(0, left.count())));
    if (ready < 0 && errno == EINTR) return std::optional<RedisReply>();
    if (ready < 0) return fail(std::strerror(errno));
    if (ready == 0) return std::optional<RedisReply>();
    std::array<char, 65536> piece;
    const ssize_t n = ::recv(fd_, piece.data(), piece.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(std::strerror(errno));
    if (n == 0) return fail("it closed the connection");
    in_.append(piece.data(), static_cast<size_t>(n));
  }
}

Result<RedisReply> RedisConnection::ask(std::initializer_list<std::string_view> command) {
  HEADRACE_RETURN_IF_ERROR(send(command));
  Result<std::optional<RedisReply>> reply = next(kPatience);
  if (!reply.ok()) return reply.status();
  if (!*reply) return fail("it does not answer");
  if ((*reply)->kind == RedisReply::Kind::kError) return invalid_argument((*reply)->text);
  return std::move(**reply);
}

}  // namespace headrace::exchange

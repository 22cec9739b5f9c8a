// As much of a Redis client as following a channel takes: commands and their answers, messages of
// a channel that was subscribed to, over a plain connection.
//
// Protocol: RESP2, https://redis.io/docs/latest/develop/reference/protocol-spec/
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace headrace::exchange {

struct RedisAddress {
  std::string host = "127.0.0.1";
  std::string port = "6379";
  std::string user;
  std::string password;
  std::string channel;  // what stands behind the '/'

  // redis://[[user]:password@]host[:port][/channel]. kInvalidArgument for anything else,
  // kUnsupported for rediss:// (TLS).
  static Result<RedisAddress> parse(std::string_view url);
  // Without user and password: for messages and as an identity.
  std::string text() const;
};

struct RedisReply {
  enum class Kind : uint8_t { kText, kError, kInteger, kNil, kList };
  Kind kind = Kind::kNil;
  std::string text;
  int64_t integer = 0;
  std::vector<RedisReply> items;
};

// One thread at a time. After an error the connection is of no more use.
class RedisConnection {
 public:
  static constexpr std::chrono::milliseconds kPatience{5000};

  // Connected and let in. Errors: kUnavailable, with the address, when nobody answers or lets in.
  static Result<RedisConnection> open(const RedisAddress& address);
  RedisConnection(RedisConnection&& other) noexcept;
  RedisConnection& operator=(RedisConnection&& other) noexcept;
  ~RedisConnection();

  // One command and its answer. Errors: kUnavailable when none comes within kPatience,
  // kInvalidArgument when the server answers with an error.
  Result<RedisReply> ask(std::initializer_list<std::string_view> command);
  Status send(std::initializer_list<std::string_view> command);
  // The next answer or message; nullopt when none comes within `patience`.
  Result<std::optional<RedisReply>> next(std::chrono::milliseconds patience);

 private:
  RedisConnection(int fd, std::string address) : fd_(fd), address_(std::move(address)) {}
  Status fail(const std::string& why) const;
  int fd_ = -1;
  std::string address_;
  std::string in_;
  size_t at_ = 0;  // of in_, all before it was handed out
};

}  // namespace headrace::exchange

// A request and its answer, as the room speaks of them; only http_server.cc knows the library that
// reads and writes them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/interrupt.h"

namespace headrace::serve {

struct Header {
  std::string name;
  std::string value;
};

// How a request came. What came by the socket comes from this user (or root): the kernel said so.
enum class Way : uint8_t { kLoopback, kTls, kSocket };

struct Request {
  Way way = Way::kLoopback;
  size_t socket = 0;  // which of those listened at, of kSocket: 0 is the first
  std::string method;
  std::string target;           // as sent: path, then ? and the query
  std::vector<Header> headers;  // names in lower case
  std::string body;
  std::shared_ptr<store::Interrupt> interrupt{};  // stopped when the client has gone; may be null

  // The first of that name; "" when there is none.
  std::string_view header(std::string_view lower_case_name) const {
    for (const Header& h : headers) {
      if (h.name == lower_case_name) return h.value;
    }
    return {};
  }
};

// Text that comes while the connection stays open. One reader.
class TextStream {
 public:
  virtual ~TextStream() = default;
  // What there is to send now, if anything. Never waits.
  virtual std::optional<std::string> take() = 0;
  // Called, from any thread, when take() may have something. Replaces what was set before; an empty
  // one is never called again once this returns.
  virtual void when_ready(std::function<void()> call) = 0;
};

struct Response {
  int status = 200;
  std::string type = "application/json";
  std::vector<Header> headers{};
  std::string body{};
  // Instead of the body: sent until the client goes or the server stops.
  std::shared_ptr<TextStream> stream{};
  // Kept until the client closes its connection, at most this long.
  std::shared_ptr<void> until_closed{};
  int until_closed_s = 60;
};

// Who answers.
class Responder {
 public:
  virtual ~Responder() = default;
  // Looks at a request before its body is read, on the thread that serves all: quick, or nothing.
  // A response ends it.
  virtual std::optional<Response> refuse(const Request& head) = 0;
  // On a worker's thread; several at once.
  virtual Response answer(const Request& request) = 0;
};

}  // namespace headrace::serve

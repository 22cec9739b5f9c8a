// Who may ask: a browser that was given the address on the terminal, a program with the token, and
// this user by the socket. Nobody else, however the request gets here.
//
// Against whom, and by what:
//   other users of this machine   they can connect to the port: a secret that only this user saw
//   other web pages (CSRF)        the cookie is SameSite=Strict; Origin and Sec-Fetch-Site must
//                                 be ours; what changes something must say its Origin
//   DNS rebinding                 Host must be a loopback name, or one that was allowed
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "serve/http.h"

namespace headrace::serve {

struct AccessRules {
  uint16_t port = 0;                 // part of the cookie's name: cookies do not tell ports apart
  std::vector<std::string> hosts{};  // besides loopback, what Host may say; lower case, no port
  std::string token{};               // for programs, as "Authorization: Bearer"; "": none
};

class Access {
 public:
  explicit Access(AccessRules rules);

  // The port is known once it is bound.
  void set_port(uint16_t port) { rules_.port = port; }

  // A path that opens the page once: "/open?ticket=...". At most 16 unused ones are kept, the
  // newest.
  std::string new_ticket_path();

  // Nothing when the request may be answered. A request for a ticket's path is answered here too:
  // it gives the cookie.
  std::optional<Response> refuse(const Request& request);

  uint64_t refusals() const;

 private:
  std::optional<Response> check_origin(const Request& request) const;
  bool has_cookie(const Request& request) const;
  bool has_token(const Request& request) const;
  Response open(const Request& request);

  AccessRules rules_;
  const std::string session_;  // the cookie's value
  mutable std::mutex mutex_;
  std::vector<std::string> tickets_;
  uint64_t refusals_ = 0;
};

// 256 random bits as 64 hex digits, from the kernel.
std::string draw_secret();
// Whether two secrets are equal, in a time that does not depend on where they differ.
bool is_same_secret(std::string_view a, std::string_view b);
// "example.org" of "example.org:8437", "::1" of "[::1]:8437"; "" when it is no host.
std::string host_of(std::string_view host_and_port);

}  // namespace headrace::serve

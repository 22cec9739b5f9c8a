// `headrace serve`: folders and stores, on this machine's loopback and on a socket in each folder.
//
//   Status served = serve({".headrace"}, options, [](const Serving& at) { print(at.open_url); });
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/carbon_factors.h"
#include "serve/http_server.h"
#include "serve/site.h"
#include "spool/directory.h"

namespace headrace::serve {

constexpr uint16_t kUsualPort = 8437;

struct ServeOptions {
  std::string address = "127.0.0.1";  // others need tls and a token
  std::optional<uint16_t> port{};     // unset: the usual one, else the next that is free
  std::vector<std::string> hosts{};   // names by which others reach the address
  std::optional<TlsFiles> tls{};
  std::string token{};  // for programs
  bool allow_write = false;
  std::optional<query::CarbonQuestion> carbon{};  // what energy costs the climate, where known
  bool loopback = true;                           // false: the socket alone
  ServerLimits limits{};
  LiveStoreOptions live{};
};

struct Serving {
  std::string url;       // "http://127.0.0.1:8437"; "" without one
  std::string open_url;  // works once, and lets the browser in
  uint16_t port = 0;
  std::string socket;       // the first source's; "" when there is none
  std::string socket_note;  // why there is none
  std::string port_note;    // why it is not the usual port
};

// Serves until SIGTERM or SIGINT comes. `ready` is called once everything is there to be asked.
// Errors: kInvalidArgument for another address than loopback without TLS and token; kUnavailable
// when the port is taken (by whom, and which is free) or another server serves the folder.
// kInvalidArgument and kNotFound as find_sources. Those of CarbonFactors::read.
Status serve(const std::vector<std::filesystem::path>& paths, const ServeOptions& options,
             const std::function<void(const Serving&)>& ready);

// "ssh -N -L 8437:127.0.0.1:8437 user@login02", what to run at home to reach `port` here; "" unless
// SSH_CONNECTION says that this is a remote machine.
std::string ssh_line(uint16_t port);

}  // namespace headrace::serve

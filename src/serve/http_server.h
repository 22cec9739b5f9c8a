// HTTP/1.1 over TCP, TLS and a unix socket: one thread reads and writes, a few workers answer.
//
//   HttpServer server(site, {});
//   Result<uint16_t> port = server.listen("127.0.0.1", 8437, std::nullopt);
//   server.run({SIGTERM, SIGINT});     // until one of them comes
//
// Everything a stranger can make large, slow or many has a bound. Boost.Beast is used in the source
// file alone.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "serve/http.h"

namespace headrace::serve {

struct ServerLimits {
  size_t connections = 512;  // more are closed at once
  size_t streams = 128;      // of them, that stay open for events
  uint32_t header_bytes = 16 << 10;
  uint64_t body_bytes = 1 << 20;
  int header_s = 10;  // from a request's first byte to the end of its header
  int body_s = 10;    // until its whole body is there
  int idle_s = 60;    // between two requests of a connection
  int write_s = 30;   // without any byte taken by the client
  int heartbeat_s = 15;
  int stop_s = 5;  // what a stop leaves to requests that are being answered
  // After a refusal, so that who still sends hears it before the connection breaks.
  uint64_t linger_bytes = 16 << 20;
  int linger_s = 5;
  size_t workers = 4;  // questions answered at once
  size_t queue = 256;  // questions that wait; more get 503
  int queue_s = 10;    // who waited longer gets 503 too
};

// What was served and what was turned away, since the start.
struct ServerCounts {
  std::atomic<uint64_t> connections = 0;
  std::atomic<uint64_t> connections_open = 0;
  std::atomic<uint64_t> connections_refused = 0;  // too many
  std::atomic<uint64_t> peers_refused = 0;        // on the socket, of another user
  std::atomic<uint64_t> requests = 0;
  std::atomic<uint64_t> requests_malformed = 0;
  std::atomic<uint64_t> requests_too_large = 0;
  std::atomic<uint64_t> requests_timed_out = 0;
  std::atomic<uint64_t> requests_refused = 0;  // the queue was full
  std::atomic<uint64_t> requests_left = 0;     // the client went before its answer was there
  std::atomic<uint64_t> streams_open = 0;
  std::atomic<uint64_t> response_bytes = 0;
};

struct TlsFiles {
  std::filesystem::path certificate;  // PEM, with its chain
  std::filesystem::path key;          // PEM
};

class HttpServer {
 public:
  // `responder` outlives this.
  HttpServer(Responder& responder, const ServerLimits& limits);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Listens at an address (a number, no name). Port 0: any. Gives the port. Errors: kUnavailable
  // when the port is taken, kInvalidArgument for an address or a certificate that does not serve.
  Result<uint16_t> listen(const std::string& address, uint16_t port,
                          const std::optional<TlsFiles>& tls);
  // Listens at a socket that only this user may open, and takes nobody else's connections; at
  // several when it is called again. What
  // lies there already is removed: look first whether a server answers. Removed at the end.
  Status listen_socket(const std::filesystem::path& path);

  // Serves until one of `signals` comes or stop() is called, then lets what is being answered end.
  Status run(const std::vector<int>& signals);
  // From any thread.
  void stop();

  const ServerCounts& counts() const;
  size_t queued() const;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace headrace::serve

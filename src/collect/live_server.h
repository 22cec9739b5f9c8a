// A `headrace serve` that holds this folder's store, as other processes meet it: at the socket
// `.headrace/serve.sock`, over HTTP/1.1.
//
//   if (auto server = LiveServer::find(directory)) server->fold(5000);
//
// A socket's path may be 107 bytes long and a folder's longer, so both sides go by way of an open
// descriptor of the folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "spool/directory.h"

namespace headrace::collect {

std::filesystem::path socket_of(const Directory& directory);

// The folder, open: as long as it is, socket_path() names the socket in it.
class SocketFolder {
 public:
  SocketFolder() = default;
  ~SocketFolder();
  SocketFolder(const SocketFolder&) = delete;
  SocketFolder& operator=(const SocketFolder&) = delete;
  bool open(const Directory& directory);
  std::string socket_path() const;

 private:
  int descriptor_ = -1;
};

class LiveServer {
 public:
  // Nothing when none answers: no socket, one that a killed server left, one of another machine.
  // Cost without a server: one system call.
  static std::optional<LiveServer> find(const Directory& directory);
  LiveServer(LiveServer&& other) noexcept;
  LiveServer& operator=(LiveServer&&) = delete;
  ~LiveServer();

  // Has it take in everything that is there now. Errors: kUnavailable when it does not within this
  // time.
  Status fold(int wait_ms);
  // Has it close the store, until this object is gone. Errors: likewise.
  Status lend(int wait_ms);
  // An address that opens its page once.
  Result<std::string> open_url(int wait_ms);

 private:
  explicit LiveServer(int connection) : connection_(connection) {}
  Result<std::string> post(const std::string& path, int wait_ms);

  int connection_ = -1;
};

}  // namespace headrace::collect

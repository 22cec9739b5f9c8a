// Who samples the node: one process for each node, user and `.headrace` folder. Whoever holds the
// name of an abstract unix socket is elected; the kernel frees the name when the process ends,
// however it ends, so that nothing stale is left to clean up. Containers with a network namespace
// of their own elect their own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace headrace::telemetry {

class Election {
 public:
  explicit Election(const std::filesystem::path& directory);
  ~Election();
  Election(const Election&) = delete;
  Election& operator=(const Election&) = delete;

  // True once this process is elected, and from then on. About 2 us when it is not.
  bool stand();
  // Not elected: tells the elected one of this process's youngest task. About 2 us; may be lost.
  void tell(int64_t age_ns) const;
  // Elected: the youngest that was told since the last call.
  std::optional<int64_t> heard();
  void resign();

 private:
  std::string name_;
  int socket_ = -1;
};

}  // namespace headrace::telemetry

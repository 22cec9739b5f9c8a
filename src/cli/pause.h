// Waiting between two looks at a folder, until Ctrl-C or SIGTERM.
#pragma once

#include <csignal>
#include <cstdint>

namespace headrace::cli {

// While one is there, every thread that is made leaves both signals to it.
class Pause {
 public:
  Pause();
  ~Pause();
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;

  // Sleeps; false when one of the signals came meanwhile or before.
  bool operator()(int64_t wait_ms) const;

 private:
  sigset_t signals_{};
  sigset_t before_{};
};

}  // namespace headrace::cli

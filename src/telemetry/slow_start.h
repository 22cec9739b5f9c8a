// Probing a provider whose driver may take seconds to start, without keeping the sampler waiting.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "telemetry/provider.h"

namespace headrace::telemetry {

class SlowStart {
 public:
  // Probes on a thread of its own, which holds the provider for as long as it takes, even beyond
  // this object. Where there is no thread to be had, nothing will ever be ready.
  explicit SlowStart(std::unique_ptr<Provider> provider);

  struct Ready {
    std::unique_ptr<Provider> provider;
    Probe probe;
  };
  // The provider, once, when its probe is done.
  std::optional<Ready> take();
  // Waits until it is done, at most `patience_ns`: a process should not end inside a driver's
  // start.
  void wait(int64_t patience_ns);

 private:
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
    std::unique_ptr<Provider> provider;
    Probe probe;
    bool done = false;
  };
  std::shared_ptr<Shared> shared_;
};

}  // namespace headrace::telemetry

#include "telemetry/slow_start.h"

#include <chrono>
#include <pthread.h>
#include <system_error>
#include <thread>

namespace headrace::telemetry {

SlowStart::SlowStart(std::unique_ptr<Provider> provider) : shared_(std::make_shared<Shared>()) {
  shared_->provider = std::move(provider);
  try {
    std::thread([shared = shared_] {
      pthread_setname_np(pthread_self(), "headrace-probe");
      Probe probe = shared->provider->probe();
      const std::lock_guard lock(shared->mutex);
      shared->probe = std::move(probe);
      shared->done = true;
      shared->changed.notify_all();
    }).detach();
  } catch (const std::system_error&) {
    shared_->done = true;
    shared_->provider.reset();
  }
}

std::optional<SlowStart::Ready> SlowStart::take() {
  const std::lock_guard lock(shared_->mutex);
  if (!shared_->done || shared_->provider == nullptr) return std::nullopt;
  return Ready{std::move(shared_->provider), std::move(shared_->probe)};
}

void SlowStart::wait(int64_t patience_ns) {
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait_until(
      lock, std::chrono::steady_clock::now() + std::chrono::nanoseconds(patience_ns),
      [&] { return shared_->done; });
}

}  // namespace headrace::telemetry

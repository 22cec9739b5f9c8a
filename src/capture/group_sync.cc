#include "capture/group_sync.h"

#include <chrono>
#include <new>
#include <system_error>

#include "base/clock.h"
#include "base/signals_blocked.h"
#include "spool/policy.h"

namespace headrace::capture {

void GroupSync::start() {
  const std::lock_guard lock(mutex_);
  if (thread_.joinable()) return;
  stopping_ = false;
  const SignalsBlocked blocked;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch): see the header
  }
}

void GroupSync::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  thread_ = {};
}

// True when everything recorded before it began is durable.
bool GroupSync::round() {
  const std::lock_guard lock(round_mutex_);
  const int64_t began_ns = now_realtime_ns();
  const int64_t began_monotonic_ns = now_monotonic_ns();
  try {
    Steps::Begun begun = steps_.begin();
    if (begun.sync) begun.sync->run();
    if (!steps_.finish(begun.sync) || !begun.drained) return false;
  } catch (const std::bad_alloc&) {
    return false;
  }
  until_ns_.store(began_ns, std::memory_order_release);
  until_monotonic_ns_.store(began_monotonic_ns, std::memory_order_release);
  return true;
}

void GroupSync::run() {
  pthread_setname_np(pthread_self(), "headrace-sync");
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!asked_) wake_.wait_for(lock, std::chrono::nanoseconds(SpoolPolicy::kGroupSync_ns));
    asked_ = false;
    lock.unlock();
    round();
    lock.lock();
    done_.notify_all();
  }
  done_.notify_all();
}

Status GroupSync::wait(int64_t timeout_ns) {
  const int64_t asked_ns = now_monotonic_ns();
  const auto is_durable = [this, asked_ns] {
    return until_monotonic_ns_.load(std::memory_order_acquire) >= asked_ns;
  };
  const auto until = std::chrono::steady_clock::now() + std::chrono::nanoseconds(timeout_ns);
  std::unique_lock lock(mutex_);
  while (!is_durable()) {
    if (!thread_.joinable() || stopping_) {
      lock.unlock();
      if (round()) return {};
      return unavailable("the records are written, but the medium does not confirm them");
    }
    asked_ = true;
    wake_.notify_one();
    if (done_.wait_until(lock, until) == std::cv_status::timeout && !is_durable()) {
      return unavailable("the records are not on the medium yet; they are tried further");
    }
  }
  return {};
}

}  // namespace headrace::capture

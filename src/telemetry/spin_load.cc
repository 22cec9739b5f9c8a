#include "telemetry/spin_load.h"

#include <algorithm>
#include <array>
#include <sched.h>

namespace headrace::telemetry {
namespace {

// Half periods that are no multiples of each other nor of what sensors refresh at, so that the
// edges lie everywhere in a refresh.
constexpr std::array<int64_t, 10> kHalves_ns = {131'000'000, 370'000'000, 229'000'000, 513'000'000,
                                                71'000'000,  293'000'000, 177'000'000, 401'000'000,
                                                347'000'000, 257'000'000};

size_t cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return static_cast<size_t>(std::max(1, CPU_COUNT(&set)));
}

}  // namespace

SpinLoad::SpinLoad() {
  const size_t count = std::max<size_t>(cpus(), 2) - 1;
  for (size_t i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
}

SpinLoad::~SpinLoad() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    spin_ = false;
  }
  wake_.notify_all();
  for (std::thread& one : threads_) one.join();
}

void SpinLoad::work() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return ending_ || spin_; });
      if (ending_) return;
    }
    double x = 1;
    while (spin_.load(std::memory_order_relaxed)) {
      for (int i = 0; i < 1000; ++i) x = x * 1.0000001 + 1e-9;
      // The compiler may not leave it out.
      asm volatile("" : : "m"(x));
    }
  }
}

void SpinLoad::turn(bool on, int64_t now_ns) {
  on_ = on;
  {
    const std::lock_guard lock(mutex_);
    spin_ = on;
  }
  wake_.notify_all();
  if (on) {
    spans_.push_back({now_ns, now_ns});
  } else if (!spans_.empty()) {
    spans_.back().to_ns = now_ns;
  }
}

void SpinLoad::keep(int64_t now_ns) {
  if (now_ns < until_ns_) return;
  if (until_ns_ != 0) turn(!on_, now_ns);
  until_ns_ = now_ns + kHalves_ns.at(half_++ % kHalves_ns.size());
}

std::vector<LoadSpan> SpinLoad::spans(int64_t now_ns) const {
  std::vector<LoadSpan> out = spans_;
  if (on_) out.back().to_ns = now_ns;
  return out;
}

}  // namespace headrace::telemetry

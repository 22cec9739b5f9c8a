#include "serve/made_ahead.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <gtest/gtest.h>
#include <mutex>
#include <thread>

#include "base/clock.h"

namespace headrace::serve {
namespace {

TEST(MadeAhead, AsksOnceAfterTheStartAndThenOnlyForThoseWhoLook) {
  std::mutex mutex;
  std::condition_variable asked;
  std::vector<std::string> questions;
  const auto wait_for = [&](size_t count) {
    std::unique_lock lock(mutex);
    asked.wait(lock, [&] { return questions.size() >= count; });
  };
  MadeAhead ahead(
      [&](const std::string& target) {
        const std::lock_guard lock(mutex);
        questions.push_back(target);
        asked.notify_all();
      },
      [] {
        return std::vector<std::string>{"/a", "/b"};
      });
  ahead.changed();
  wait_for(2);
  // Nobody looks, so this change waits; the next look makes it at once.
  ahead.changed();
  ahead.looked();
  wait_for(4);
  ahead.stop();
  EXPECT_EQ(questions, (std::vector<std::string>{"/a", "/b", "/a", "/b"}));
  EXPECT_GE(ahead.counts().rounds, 1U);
  ahead.changed();  // ended: nothing begins
}

TEST(MadeAhead, WaitsWhileReadersAsk) {
  std::atomic<int> asked = 0;
  MadeAhead ahead([&](const std::string& /*target*/) { ++asked; },
                  [] { return std::vector<std::string>{"/a"}; });
  ahead.looked();
  ahead.changed();
  for (int i = 0; i < 10; ++i) {
    const int64_t looked_ns = now_monotonic_ns();
    ahead.looked();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const int so_far = asked;
    // On a busy machine this thread may have come too late to be a reader who still asks.
    if (now_monotonic_ns() - looked_ns < 200'000'000) {
      EXPECT_EQ(so_far, 0);
    } else {
      break;
    }
  }
  ahead.stop();
}

}  // namespace
}  // namespace headrace::serve

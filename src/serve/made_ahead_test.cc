#include "serve/made_ahead.h"

#include <condition_variable>
#include <gtest/gtest.h>
#include <mutex>

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

}  // namespace
}  // namespace headrace::serve

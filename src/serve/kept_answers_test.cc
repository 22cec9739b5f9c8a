#include "serve/kept_answers.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>

namespace headrace::serve {
namespace {

TEST(KeptBodies, AreMadeOnceForAllWhoAskAtOnce) {
  KeptBodies bodies;
  std::atomic<int> made = 0;
  std::atomic<int> wait = 8;
  const auto ask = [&] {
    --wait;
    while (wait > 0) std::this_thread::yield();
    const KeptBodies::Making making = bodies.making("/tasks");
    if (bodies.find("/tasks", "w1") != nullptr) return;
    ++made;
    bodies.keep("/tasks", "w1", {"text/plain", "rows", {}});
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back(ask);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 1);
}

TEST(KeptBodies, OneIsMadeBesideAnother) {
  KeptBodies bodies;
  const KeptBodies::Making tasks = bodies.making("/tasks");
  std::thread([&] {
    const KeptBodies::Making other = bodies.making("/energy");
    bodies.keep("/energy", "w1", {"text/plain", "J", {}});
  }).join();
  EXPECT_NE(bodies.find("/energy", "w1"), nullptr);
  // Of another state of the store it is none.
  EXPECT_EQ(bodies.find("/energy", "w2"), nullptr);
}

}  // namespace
}  // namespace headrace::serve

#include "serve/work_pool.h"

#include <future>
#include <gtest/gtest.h>

namespace headrace::serve {
namespace {

TEST(WorkPool, RefusesWhatDoesNotFit) {
  std::promise<void> go;
  std::shared_future<void> gone = go.get_future().share();
  std::promise<void> began;
  std::atomic<int> done = 0;
  {
    WorkPool pool(1, 2);
    ASSERT_TRUE(pool.submit([&] {
      began.set_value();
      gone.wait();
      ++done;
    }));
    began.get_future().wait();
    EXPECT_TRUE(pool.submit([&] { ++done; }));
    EXPECT_TRUE(pool.submit([&] { ++done; }));
    EXPECT_FALSE(pool.submit([&] { ++done; }));
    EXPECT_EQ(pool.queued(), 2U);
    EXPECT_EQ(pool.refused(), 1U);
    go.set_value();
  }
  EXPECT_EQ(done, 3);
}

}  // namespace
}  // namespace headrace::serve

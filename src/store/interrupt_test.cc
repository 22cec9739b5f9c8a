#include "store/interrupt.h"

#include <atomic>
#include <gtest/gtest.h>
#include <poll.h>
#include <thread>

#include "store/database.h"

namespace headrace::store {
namespace {

TEST(Interrupt, EndsWhatTheThreadOfItsScopeAsks) {
  const Result<Database> database = Database::open("", {});
  ASSERT_TRUE(database.ok());
  const auto interrupt = std::make_shared<Interrupt>();
  std::atomic<bool> ended = false;
  Status found;
  std::thread asker([&] {
    const InterruptScope scope(interrupt);
    const Result<Connection> connection = database->connect();
    // Would take hours.
    found = !connection.ok() ? connection.status()
                             : connection->run(
                                   "SELECT count(*) FROM range(10000000000) a, range(1000) b WHERE "
                                   "a.range % 7 = b.range");
    ended = true;
  });
  while (!ended) {
    interrupt->stop();
    std::this_thread::yield();
  }
  asker.join();
  EXPECT_EQ(found.code(), StatusCode::kUnavailable) << found.message();
  EXPECT_TRUE(database->connect().ok());
  const InterruptScope scope(interrupt);
  EXPECT_EQ(database->connect().status().code(), StatusCode::kUnavailable);
  {
    const InterruptScope inner(nullptr);
    EXPECT_TRUE(database->connect().ok());
  }
  EXPECT_FALSE(database->connect().ok());
}

TEST(Interrupt, ShowsAtItsDescriptor) {
  for (const bool is_early : {true, false}) {
    Interrupt interrupt;
    if (is_early) interrupt.stop();
    pollfd watched{interrupt.descriptor(), POLLIN, 0};
    EXPECT_EQ(poll(&watched, 1, 0), is_early ? 1 : 0);
    interrupt.stop();
    EXPECT_EQ(poll(&watched, 1, 0), 1);
  }
}

}  // namespace
}  // namespace headrace::store

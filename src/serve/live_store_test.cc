#include "serve/live_store.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <thread>

#include "base/id.h"
#include "store/store.h"

namespace headrace::serve {
namespace {

namespace fs = std::filesystem;

class LiveStoreTest : public ::testing::Test {
 protected:
  LiveStoreTest() : folder_(fs::path(::testing::TempDir()) / ("live" + random_uuid().text())) {
    fs::create_directories(folder_ / ".headrace/spool");
  }
  ~LiveStoreTest() override { fs::remove_all(folder_); }
  static LiveStoreOptions options() {
    LiveStoreOptions out;
    out.busy_poll_ms = 1;
    out.idle_poll_ms = 1;
    out.patience_ms = 10'000;
    return out;
  }
  const fs::path folder_;
};

TEST_F(LiveStoreTest, ShowsTheLastStateWhileItTakesInTheNext) {
  const fs::path file = folder_ / "store.duckdb";
  ASSERT_TRUE(store::Store::open(file, store::OpenMode::kReadWrite).ok());
  LiveStore live(Directory{file}, options(), {});
  auto view = live.view();
  ASSERT_TRUE(view.ok()) << view.status().message();
  const std::string first = (*view)->watermark;
  EXPECT_EQ(live.shown(), first);
  // Something new: no view any more, as long as this one is read.
  fs::last_write_time(file, fs::last_write_time(file) + std::chrono::seconds(1));
  while (live.view(0).ok()) std::this_thread::yield();
  EXPECT_EQ(live.shown(), first);
  view = Status();
  const auto next = live.view();
  ASSERT_TRUE(next.ok()) << next.status().message();
  EXPECT_NE((*next)->watermark, first);
  EXPECT_EQ(live.shown(), (*next)->watermark);
}

TEST_F(LiveStoreTest, ShowsNothingWhileItIsLent) {
  LiveStore live(Directory{folder_ / ".headrace"}, options(), {});
  ASSERT_TRUE(live.fold_now(10'000).ok());
  EXPECT_TRUE(live.shown().has_value());
  auto lent = live.lend(10'000);
  ASSERT_TRUE(lent.ok()) << lent.status().message();
  EXPECT_FALSE(live.shown().has_value());
  lent = Status();
  // Not before it was looked at again.
  const auto view = live.view();
  ASSERT_TRUE(view.ok()) << view.status().message();
  EXPECT_EQ(live.shown(), (*view)->watermark);
}

// Long before it would look again by itself.
TEST_F(LiveStoreTest, TakesInWhatIsWrittenAsSoonAsItIs) {
  LiveStoreOptions rarely = options();
  rarely.idle_poll_ms = 3'600'000;
  LiveStore live(Directory{folder_ / ".headrace"}, rarely, {});
  ASSERT_TRUE(live.fold_now(10'000).ok());
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  for (int segment = 1; segment <= 2; ++segment) {
    std::ofstream(folder_ / ".headrace/spool" /
                  ("00000000000000a-00000" + std::to_string(segment) + ".open"))
        << "the begin of a frame";
    while (live.counts().folds < static_cast<uint64_t>(segment)) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "it was not noticed";
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
}

}  // namespace
}  // namespace headrace::serve

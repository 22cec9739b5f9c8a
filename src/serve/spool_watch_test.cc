#include "serve/spool_watch.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <thread>

#include "base/id.h"

namespace headrace::serve {
namespace {

namespace fs = std::filesystem;
using Woken = SpoolWatch::Woken;

constexpr int64_t kLong_ms = 60'000;

class SpoolWatchTest : public ::testing::Test {
 protected:
  SpoolWatchTest() : folder_(fs::path(::testing::TempDir()) / ("watch" + random_uuid().text())) {
    fs::create_directories(folder_);
  }
  ~SpoolWatchTest() override { fs::remove_all(folder_); }
  void write(const std::string& name) const {
    std::ofstream(folder_ / name, std::ios::app) << "frame";
  }
  const fs::path folder_;
};

TEST_F(SpoolWatchTest, TellsOfNewFilesOfMoreBytesAndOfSealedOnes) {
  SpoolWatch watch(folder_);
  ASSERT_TRUE(watch.arm());
  EXPECT_EQ(watch.wait(0, true), Woken::kByTime);
  write("a.open");
  EXPECT_EQ(watch.wait(kLong_ms, true), Woken::kByWrite);
  ASSERT_TRUE(watch.arm());
  EXPECT_EQ(watch.wait(0, true), Woken::kByTime);
  write("a.open");
  EXPECT_EQ(watch.wait(kLong_ms, true), Woken::kByWrite);
  ASSERT_TRUE(watch.arm());
  fs::rename(folder_ / "a.open", folder_ / "a.seg");
  EXPECT_EQ(watch.wait(kLong_ms, true), Woken::kByWrite);
}

// However often it is written to, it is told once, and keeps until it is armed again.
TEST_F(SpoolWatchTest, TellsOnceWhatIsWrittenOften) {
  SpoolWatch watch(folder_);
  ASSERT_TRUE(watch.arm());
  for (int i = 0; i < 100; ++i) write("a.open");
  EXPECT_EQ(watch.wait(0, false), Woken::kByTime);
  EXPECT_EQ(watch.wait(0, true), Woken::kByWrite);
  EXPECT_EQ(watch.wait(0, true), Woken::kByWrite);
  ASSERT_TRUE(watch.arm());
  EXPECT_EQ(watch.wait(0, true), Woken::kByTime);
}

TEST_F(SpoolWatchTest, IsWokenByACallBeforeAndWhileItWaits) {
  SpoolWatch watch(folder_);
  watch.wake();
  EXPECT_EQ(watch.wait(kLong_ms, true), Woken::kByCall);
  EXPECT_EQ(watch.wait(0, true), Woken::kByTime);
  std::thread caller([&watch] { watch.wake(); });
  EXPECT_EQ(watch.wait(kLong_ms, false), Woken::kByCall);
  caller.join();
}

TEST_F(SpoolWatchTest, SaysWhenThereIsNothingToWatchAndWatchesItOnceItIsThere) {
  SpoolWatch watch(folder_ / "spool");
  EXPECT_FALSE(watch.arm());
  EXPECT_EQ(watch.wait(0, true), Woken::kByTime);
  fs::create_directories(folder_ / "spool");
  ASSERT_TRUE(watch.arm());
  write("spool/a.open");
  EXPECT_EQ(watch.wait(kLong_ms, true), Woken::kByWrite);
}

}  // namespace
}  // namespace headrace::serve

#include "collect/backup.h"

#include <fstream>

#include "collect/every_kind_fixture.h"
#include "collect/fold_fixture.h"
#include "collect/same_store_fixture.h"

namespace headrace::collect {
namespace {

namespace fs = std::filesystem;

class BackupTest : public FoldTest {
 protected:
  void SetUp() override {
    FoldTest::SetUp();
    record_everything(directory_);
    fs::create_directories(directory_.blobs() / "ab");
    std::ofstream(directory_.blobs() / "ab" / "abcd") << "bytes";
    to_ = directory_.root.parent_path() / "backup";
  }
  size_t entries_beside() {
    size_t n = 0;
    for (const auto& entry : fs::directory_iterator(to_.parent_path())) {
      n += entry.path().filename().string().starts_with("backup") ? 1 : 0;
    }
    return n;
  }
  fs::path to_;
};

TEST_F(BackupTest, IsAFolderWithTheSameStoreSegmentsAndBlobs) {
  const Result<BackedUp> done = back_up(directory_, to_);
  ASSERT_TRUE(done.ok()) << done.status().message();
  EXPECT_EQ(done->segments, 1u);
  EXPECT_EQ(done->blobs, 1u);
  EXPECT_EQ(done->workflows, 2);
  EXPECT_EQ(entries_beside(), 1u);
  const Directory copy{to_};
  {
    const Result<store::Store> is = open_folded(copy);
    ASSERT_TRUE(is.ok()) << is.status().message();
    const Result<store::Store> should = open_folded(directory_);
    ASSERT_TRUE(should.ok());
    EXPECT_EQ(done->tasks, integer(*should, "SELECT count(*) FROM task"));
    expect_same_stores(*is, *should);
  }
  fs::remove(copy.store());
  const Result<store::Store> again = open_folded(copy);
  ASSERT_TRUE(again.ok()) << "the segments are there too";
  EXPECT_EQ(integer(*again, "SELECT count(*) FROM task"), done->tasks);
}

TEST_F(BackupTest, BesideAReaderAndAProgramThatRecords) {
  SpoolFixture running(directory_, 8);
  running.describe({{"host", "elsewhere"}, {"pid", "1"}});
  running.task({.activity = running.activity("a"), .number = 1, .begin = 1, .end = 2});
  running.write_open();
  ASSERT_TRUE(open_folded(directory_).ok());
  const Result<store::Store> reader =
      store::Store::open(directory_.store(), store::OpenMode::kReadOnly);
  ASSERT_TRUE(reader.ok());
  running.task({.activity = running.activity("a"), .number = 2, .begin = 3, .end = 4});
  running.write_open();
  OpenOptions options;
  options.store.wait_ms = 0;
  const Result<BackedUp> done = back_up(directory_, to_, options);
  ASSERT_TRUE(done.ok()) << done.status().message();
  const Result<store::Store> copy = open_folded(Directory{to_});
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(integer(*copy, "SELECT count(*) FROM task WHERE activity = 'a'"), 2);
}

TEST_F(BackupTest, OverwritesNothingAndLeavesNothingWhenItFails) {
  fs::create_directories(to_);
  std::ofstream(to_ / "thesis.tex") << "x";
  const Status taken = back_up(directory_, to_).status();
  EXPECT_EQ(taken.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(taken.message().find("overwrites nothing"), std::string::npos) << taken.message();
  fs::remove(to_ / "thesis.tex");
  EXPECT_TRUE(back_up(directory_, to_).ok()) << "an empty folder may be there";
  const fs::path below_a_file = to_ / "store.duckdb" / "backup";
  EXPECT_FALSE(back_up(directory_, below_a_file).ok());
  EXPECT_EQ(entries_beside(), 1u);
}

}  // namespace
}  // namespace headrace::collect

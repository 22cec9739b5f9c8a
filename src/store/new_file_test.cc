#include "store/new_file.h"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <unistd.h>

#include "store/store.h"

namespace headrace::store {
namespace {

namespace fs = std::filesystem;

class NewFileTest : public testing::Test {
 protected:
  NewFileTest()
      : folder_(fs::temp_directory_path() / ("headrace-new-" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~NewFileTest() override { fs::remove_all(folder_); }
  auto files() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }

  fs::path folder_;
};

TEST_F(NewFileTest, IsAnEmptyDatabaseWithNothingBesideIt) {
  const fs::path file = folder_ / "store.duckdb";
  ASSERT_TRUE(make_file_if_absent(file).ok());
  EXPECT_EQ(files(), 1);
  const Result<Store> store = Store::open(file, OpenMode::kReadWrite);
  ASSERT_TRUE(store.ok()) << store.status().message();
  EXPECT_EQ(store->note(), "");
}

TEST_F(NewFileTest, WhatIsThereStays) {
  const fs::path file = folder_ / "store.duckdb";
  std::ofstream(file) << "another's";
  ASSERT_TRUE(make_file_if_absent(file).ok());
  std::string text;
  std::ifstream(file) >> text;
  EXPECT_EQ(text, "another's");
  EXPECT_EQ(files(), 1);
}

TEST_F(NewFileTest, AFolderThatIsNotThereIsAnError) {
  EXPECT_FALSE(make_file_if_absent(folder_ / "nowhere" / "store.duckdb").ok());
}

}  // namespace
}  // namespace headrace::store

// For tests of the fold: a folder of their own, stores in memory, and questions to them.
#pragma once

#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <unistd.h>
#include <utility>

#include "collect/accounting_fixture.h"
#include "collect/fold.h"
#include "collect/spool_fixture.h"

namespace headrace::collect {

class FoldTest : public testing::Test {
 protected:
  void SetUp() override {
    // Thousands of small files: in memory where that is possible.
    const std::filesystem::path place =
        access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::string pattern = (place / "headrace-fold-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = {std::filesystem::path(pattern) / ".headrace"};
    std::filesystem::create_directories(directory_.spool());
  }
  void TearDown() override { std::filesystem::remove_all(directory_.root.parent_path()); }

  static store::Store memory() {
    Result<store::Store> store = store::Store::open_in_memory();
    EXPECT_TRUE(store.ok()) << store.status().message();
    return std::move(*store);
  }
  FoldReport fold_into(store::Store& store, const FoldOptions& options = {}) {
    Result<FoldReport> report = fold(directory_, store, options);
    EXPECT_TRUE(report.ok()) << report.status().message();
    expect_accounted(store, MayMiss::kYes);
    return report.ok() ? *report : FoldReport{};
  }
  static int64_t integer(const store::Store& store, const std::string& sql) {
    const Result<int64_t> out = store.connection().integer(sql);
    EXPECT_TRUE(out.ok()) << sql << ": " << out.status().message();
    return out.value_or(-1);
  }
  static std::string text(const store::Store& store, const std::string& sql) {
    const Result<std::string> out = store.connection().text("SELECT (" + sql + ")::VARCHAR");
    EXPECT_TRUE(out.ok()) << sql << ": " << out.status().message();
    return out.value_or("");
  }

  Directory directory_;
};

}  // namespace headrace::collect

#include "serve/source.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "base/id.h"

namespace headrace::serve {
namespace {

namespace fs = std::filesystem;

class FindSources : public ::testing::Test {
 protected:
  FindSources() : folder_(fs::path(::testing::TempDir()) / ("sources" + random_uuid().text())) {
    for (const char* part : {"a/run/.headrace", "b/run/.headrace", "..."}) {
      fs::create_directories(folder_ / part);
    }
    std::ofstream(folder_ / "old one.duckdb");
  }
  ~FindSources() override { fs::remove_all(folder_); }
  const fs::path folder_;
};

TEST_F(FindSources, NamesEachByItsFolderOrFile) {
  const auto found = find_sources({folder_ / "a/run", folder_ / "b/run/.headrace",
                                   folder_ / "old one.duckdb", folder_ / "..."});
  ASSERT_TRUE(found.ok()) << found.status().message();
  ASSERT_EQ(found->size(), 4U);
  EXPECT_EQ((*found)[0].name, "run");
  EXPECT_EQ((*found)[0].root, folder_ / "a/run/.headrace");
  EXPECT_EQ((*found)[1].name, "run-2");
  EXPECT_EQ((*found)[1].root, folder_ / "b/run/.headrace");
  EXPECT_EQ((*found)[2].name, "old-one");
  EXPECT_EQ((*found)[3].name, "store");
}

TEST_F(FindSources, RefusesTheSameTwiceAndAFileThatIsNotThere) {
  EXPECT_EQ(find_sources({folder_ / "a/run", folder_ / "a/run/.headrace/"}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(find_sources({folder_ / "none.duckdb"}).status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace headrace::serve

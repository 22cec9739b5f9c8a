#include "serve/sql_error.h"

#include <gtest/gtest.h>

namespace headrace::serve {
namespace {

TEST(SqlError, CountsFromTheBeginOfTheText) {
  std::string message =
      "there is no table tsk; did you mean task?\nLINE 2: FROM tsk\n             ^";
  EXPECT_EQ(take_sql_place("SELECT 1\nFROM tsk", &message), 14);
  EXPECT_EQ(message, "there is no table tsk; did you mean task?");
}

TEST(SqlError, CountsCharactersRatherThanBytes) {
  std::string message = "no such column\nLINE 1: SELECT 'ä', b\n                    ^";
  EXPECT_EQ(take_sql_place("SELECT 'ä', b", &message), 12);
}

TEST(SqlError, FindsThePlaceInALongLine) {
  const std::string sql = "SELECT " + std::string(100, '1') + ", wrong, " + std::string(100, '2');
  std::string message = "no such column\nLINE 1: ...111, wrong, 222...\n                ^";
  EXPECT_EQ(take_sql_place(sql, &message), static_cast<int64_t>(sql.find("wrong")));
}

TEST(SqlError, LeavesWhatNamesNoPlace) {
  std::string message = "the query needs more memory";
  EXPECT_EQ(take_sql_place("SELECT 1", &message), std::nullopt);
  EXPECT_EQ(message, "the query needs more memory");
  message = "x\nLINE 9: y\n        ^";
  EXPECT_EQ(take_sql_place("SELECT 1", &message), std::nullopt);
}

}  // namespace
}  // namespace headrace::serve

// Dates and times out of the calendar's far ends.
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "query/store_for_test.h"

namespace headrace::query {
namespace {

TEST(ArrowCell, DatesAndTimesHaveTheirTextWhateverTheYear) {
  StoreForTest store;
  const Session session = store.session();
  const auto rows = session.rows(
      "SELECT DATE '2024-02-29', DATE '2500-01-01', DATE '0001-01-01', DATE '0044-03-15 (BC)', "
      "DATE 'infinity', DATE '-infinity', DATE '5877642-06-25 (BC)', "
      "TIMESTAMP '3001-03-01 01:02:03.5', TIMESTAMP '1969-12-31 23:59:59.25', "
      "TIMESTAMP_S '1582-10-15 00:00:00', '-infinity'::TIMESTAMP");
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  std::vector<std::string> texts;
  for (const auto& cell : rows->front()) texts.push_back(cell.text);
  const std::vector<std::string> expected{
      "2024-02-29",
      "2500-01-01",
      "0001-01-01",
      "-0043-03-15",
      "infinity",
      "-infinity",
      "-5877641-06-25",
      "3001-03-01T01:02:03.500",
      "1969-12-31T23:59:59.250",
      "1582-10-15T00:00:00",
      "-infinity",
  };
  ASSERT_EQ(texts.size(), expected.size());
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(texts[i].substr(0, expected[i].size()), expected[i]) << i;
  }
}

}  // namespace
}  // namespace headrace::query

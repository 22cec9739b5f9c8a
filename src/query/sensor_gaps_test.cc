#include "query/sensor_gaps.h"

#include <gtest/gtest.h>

#include "query/store_for_test.h"

namespace headrace::query {
namespace {

constexpr int64_t kBegin_ns = 1'764'000'000'123'456'789;

// `at`: tenths of a second since kBegin_ns; `flags` as in model/read_failure.h.
void reading(StoreForTest* store, int sensor, int at, int flags) {
  store->run("INSERT INTO sample_row VALUES (" + std::to_string(sensor) + ", " +
             std::to_string(kBegin_ns + at * 100'000'000LL) + ", 7, " + std::to_string(flags) +
             ")");
}

TEST(SensorGaps, TellsWhereASensorWasNotReadAndWhy) {
  StoreForTest store;
  for (const int at : {0, 1, 2, 6, 7, 60, 61}) reading(&store, 1, at, 0);
  for (const int at : {3, 4}) reading(&store, 1, at, 1 | 1 << 2);  // no permission
  reading(&store, 1, 5, 1 | 2 << 2);                               // gone
  for (const int at : {0, 5, 10}) reading(&store, 2, at, 0);
  const Session session = store.session();
  const auto found = sensor_gaps(session, std::nullopt, std::nullopt);
  ASSERT_TRUE(found.ok()) << found.status().message();
  ASSERT_EQ(found->sensors.size(), 2U);
  EXPECT_EQ(found->sensors[0].readings, 7);
  EXPECT_EQ(found->sensors[0].failed, 3);
  EXPECT_NEAR(*found->sensors[0].period_s, 0.1, 1e-9);
  EXPECT_NEAR(*found->sensors[0].coverage, 0.5 / 6.1, 1e-9)
      << "0 to 0.3 s, 0.6 to 0.7 s, 6.0 to 6.1 s of 6.1 s";
  EXPECT_NEAR(*found->sensors[1].period_s, 0.5, 1e-9);
  EXPECT_EQ(found->sensors[1].coverage, 1);
  ASSERT_EQ(found->gaps.size(), 3U);
  EXPECT_EQ(found->gaps[0].reason, "no permission");
  EXPECT_EQ(found->gaps[0].from_ns, kBegin_ns + 300'000'000) << "to the ns, which no double holds";
  EXPECT_EQ(found->gaps[0].to_ns, kBegin_ns + 500'000'000);
  EXPECT_EQ(found->gaps[0].readings, 2);
  EXPECT_EQ(found->gaps[1].reason, "gone");
  EXPECT_EQ(found->gaps[2].reason, "not read");
  EXPECT_EQ(found->gaps[2].readings, 0);
  EXPECT_EQ(found->gaps[2].from_ns, kBegin_ns + 700'000'000);
  EXPECT_EQ(found->gaps[2].to_ns, kBegin_ns + 6'000'000'000);
  EXPECT_EQ(found->gaps_left, 0);
}

TEST(SensorGaps, CountsOnlyTheWindowThatIsAskedFor) {
  StoreForTest store;
  for (const int at : {0, 1, 2}) reading(&store, 1, at, 0);
  reading(&store, 1, 3, 1);
  reading(&store, 2, 9, 1);
  const Session session = store.session();
  const auto found = sensor_gaps(session, kBegin_ns, kBegin_ns + 300'000'000);
  ASSERT_TRUE(found.ok()) << found.status().message();
  ASSERT_EQ(found->sensors.size(), 1U) << "the other was not read in it";
  EXPECT_EQ(found->sensors[0].readings, 3);
  EXPECT_TRUE(found->gaps.empty());
  const auto failed = sensor_gaps(session, kBegin_ns + 900'000'000, std::nullopt);
  ASSERT_TRUE(failed.ok()) << failed.status().message();
  EXPECT_EQ(failed->sensors[0].readings, 0);
  EXPECT_FALSE(failed->sensors[0].coverage.has_value()) << "a moment is no time";
  ASSERT_EQ(failed->gaps.size(), 1U);
  EXPECT_EQ(failed->gaps[0].reason, "read failed");
}

}  // namespace
}  // namespace headrace::query

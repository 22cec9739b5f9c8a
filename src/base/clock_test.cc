#include "base/clock.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(Clock, TicksNeverGoBack) {
  uint64_t last = ticks();
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t now = ticks();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(Clock, AReadingLiesBetweenItsNeighbours) {
  const uint64_t before = ticks();
  const int64_t real_before_ns = now_realtime_ns();
  const ClockReading reading = read_clocks();
  EXPECT_GE(reading.ticks, before);
  EXPECT_LE(reading.ticks, ticks());
  EXPECT_GE(reading.realtime_ns, real_before_ns);
  EXPECT_LE(reading.realtime_ns, now_realtime_ns());
  EXPECT_GE(reading.uncertainty_ns, 0);
}

TEST(Clock, UtcTextIsIso8601) {
  EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(utc_text(1'795'269'785'123'456'789), "2026-11-21T14:03:05.123456789Z");
  EXPECT_EQ(utc_text(-1), "1969-12-31T23:59:59.999999999Z");
}

}  // namespace
}  // namespace headrace

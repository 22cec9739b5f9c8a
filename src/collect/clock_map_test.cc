#include "collect/clock_map.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace headrace::collect {
namespace {

ClockRecord reading(uint64_t ticks, int64_t monotonic_ns, int64_t realtime_ns,
                    TickSource source = TickSource::kTsc) {
  ClockRecord out{};
  out.header.flags = static_cast<uint8_t>(source);
  out.ticks = ticks;
  out.monotonic_ns = monotonic_ns;
  out.realtime_ns = realtime_ns;
  return out;
}

TEST(ClockMap, StraightLinesBetweenReadings) {
  ClockMap map;
  // 2 ticks a ns for a second, then the wall clock is slewed forward by a millisecond.
  map.add(reading(4'000'000'000, 2'000'000'000, 102'001'000'000));
  map.add(reading(0, 0, 100'000'000'000));
  map.add(reading(2'000'000'000, 1'000'000'000, 101'000'000'000));
  map.add(reading(2'000'000'000, 1'000'000'000, 101'000'000'000));
  map.prepare();
  EXPECT_EQ(map.realtime_ns(0), 100'000'000'000);
  EXPECT_EQ(map.realtime_ns(1'000'000'000), 100'500'000'000);
  EXPECT_EQ(map.realtime_ns(3'000'000'000), 101'500'500'000);
  EXPECT_EQ(map.realtime_ns(4'000'000'000), 102'001'000'000);
  EXPECT_EQ(map.realtime_ns(6'000'000'000), 103'001'000'000) << "beyond the last, at its rate";
  EXPECT_EQ(map.elapsed_ns(1'000'000'000, 3'000'000'000), 1'000'000'000)
      << "a slew of the wall clock does not change how long a task took";
  EXPECT_EQ(map.elapsed_ns(5, 4), 0);
}

TEST(ClockMap, BeforeTheFirstReading) {
  ClockMap map;
  map.add(reading(1'000'000'000, 500'000'000, 700'000'000));
  map.add(reading(3'000'000'000, 1'500'000'000, 1'700'000'000));
  map.prepare();
  EXPECT_EQ(map.realtime_ns(600'000'000), 500'000'000);
}

TEST(ClockMap, OneReadingOfAMonotonicClockIsEnough) {
  ClockMap map;
  map.add(reading(50, 50, 1000, TickSource::kMonotonicNs));
  map.prepare();
  EXPECT_EQ(map.realtime_ns(75), 1025);
  EXPECT_EQ(map.realtime_ns(25), 975);
  EXPECT_EQ(map.elapsed_ns(25, 75), 50);
}

TEST(ClockMap, OneReadingOfThisMachinesCounter) {
  const ClockReading now = read_clocks();
  ClockMap map;
  map.add(reading(now.ticks, now.monotonic_ns, now.realtime_ns, tick_source()));
  map.prepare();
  const ClockReading later = read_clocks();
  EXPECT_NEAR(static_cast<double>(map.realtime_ns(later.ticks) - later.realtime_ns), 0, 1e6);
}

TEST(ClockMap, NoReadingAtAll) {
  ClockMap map;
  map.prepare();
  EXPECT_EQ(map.realtime_ns(5), 5);
  EXPECT_EQ(map.elapsed_ns(2, 5), 3);
}

// Found by fuzzing: readings that no clock gives overflowed.
TEST(ClockMap, ReadingsThatNoClockGivesDoNotOverflow) {
  ClockMap map;
  for (const int64_t ns : {INT64_MIN, int64_t{1'700'000'000'000'000'000}, INT64_MAX}) {
    ClockRecord clock{};
    clock.ticks = static_cast<uint64_t>(ns) / 3;
    clock.monotonic_ns = ns;
    clock.realtime_ns = -1 - ns;
    map.add(clock);
  }
  map.prepare();
  for (const uint64_t ticks : {uint64_t{0}, uint64_t{1} << 62, ~uint64_t{0}}) {
    static_cast<void>(map.realtime_ns(ticks));
    EXPECT_GE(map.elapsed_ns(0, ticks), 0);
  }
}

}  // namespace
}  // namespace headrace::collect

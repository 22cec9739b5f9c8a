#include "lab/power_trace.h"

#include <gtest/gtest.h>

namespace headrace::lab {
namespace {

constexpr int64_t kSecond_ns = 1'000'000'000;

TEST(PowerTrace, ItsEnergyIsTheExactIntegral) {
  const PowerTrace trace =
      *PowerTrace::of({{0, 70'000}, {2 * kSecond_ns, 250'000}}, 4 * kSecond_ns);
  EXPECT_EQ(trace.energy_uj(0), 0u);
  EXPECT_EQ(trace.energy_uj(-5), 0u);
  EXPECT_EQ(trace.energy_uj(1'500'000'000), 105'000'000u);
  EXPECT_EQ(trace.energy_uj(2 * kSecond_ns), 140'000'000u);
  EXPECT_EQ(trace.energy_uj(4 * kSecond_ns), 640'000'000u);
  EXPECT_EQ(trace.energy_uj(5 * kSecond_ns), 710'000'000u);
  EXPECT_EQ(trace.power_mw(kSecond_ns), 70'000);
  EXPECT_EQ(trace.power_mw(3 * kSecond_ns), 250'000);
  EXPECT_EQ(trace.power_mw(5 * kSecond_ns), 70'000);
}

TEST(PowerTrace, NothingIsLostOverManyRoundsAndLongTimes) {
  // 3 mW for 7 ns is 21 pJ: a hundred million rounds are 2,100 uJ to the unit.
  const PowerTrace rounds = *PowerTrace::of({{0, 3}}, 7);
  EXPECT_EQ(rounds.energy_uj(700'000'000), 2'100u);
  const PowerTrace year = *PowerTrace::of({{0, PowerTrace::kMost_mw}});
  EXPECT_EQ(year.energy_uj(31'536'000 * kSecond_ns), 31'536'000u * 100'000'000'000u);
}

TEST(PowerTrace, SaysWhatIsWrong) {
  EXPECT_FALSE(PowerTrace::of({}).ok());
  EXPECT_FALSE(PowerTrace::of({{5, 1}}).ok());
  EXPECT_FALSE(PowerTrace::of({{0, 1}, {0, 2}}).ok());
  EXPECT_FALSE(PowerTrace::of({{0, -1}}).ok());
  EXPECT_FALSE(PowerTrace::of({{0, 1}, {9, 2}}, 9).ok());
}

}  // namespace
}  // namespace headrace::lab

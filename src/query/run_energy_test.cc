#include "query/run_energy.h"

#include <gtest/gtest.h>

namespace headrace::query {
namespace {

constexpr int64_t kS = 1'000'000'000;

TEST(EnergyCurve, AddsUpThePartsThatHaveEnded) {
  const EnergyCurve curve({{2 * kS, 4 * kS, 10}, {kS, 3 * kS, 4}, {4 * kS, 4 * kS, 1}});
  EXPECT_DOUBLE_EQ(curve.joules_until(0), 0);
  EXPECT_DOUBLE_EQ(curve.joules_until(kS), 0);
  EXPECT_DOUBLE_EQ(curve.joules_until(2 * kS), 2);
  EXPECT_DOUBLE_EQ(curve.joules_until(3 * kS), 9);
  EXPECT_DOUBLE_EQ(curve.joules_until(3 * kS + kS / 2), 11.5);
  EXPECT_DOUBLE_EQ(curve.joules_until(9 * kS), 15);
  EXPECT_DOUBLE_EQ(curve.joules(), 15);
  EXPECT_DOUBLE_EQ(EnergyCurve().joules_until(kS), 0);
}

}  // namespace
}  // namespace headrace::query

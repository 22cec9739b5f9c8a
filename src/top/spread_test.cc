#include "top/spread.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace headrace::top {
namespace {

double exact_quantile(std::vector<double> sorted, double part) {
  std::sort(sorted.begin(), sorted.end());
  const double rank = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(rank);
  const size_t next = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (rank - static_cast<double>(below)) * (sorted[next] - sorted[below]);
}

TEST(Spread, QuantilesAreNearTheExact) {
  std::mt19937 random(5);  // NOLINT: the same durations every time
  std::lognormal_distribution<double> durations(-5, 1.5);
  Spread spread;
  std::vector<double> seconds;
  for (int i = 0; i < 20'000; ++i) {
    seconds.push_back(durations(random));
    spread.add(static_cast<int64_t>(seconds.back() * 1e9));
  }
  for (const double part : {0.0, 0.05, 0.5, 0.95, 1.0}) {
    const double exact = exact_quantile(seconds, part);
    EXPECT_NEAR(spread.quantile_s(part), exact, 0.015 * exact) << part;
  }
  const double median = exact_quantile(seconds, 0.5);
  std::vector<double> distances;
  for (const double s : seconds) distances.push_back(std::abs(s - median));
  const double deviation = 1.4826 * exact_quantile(distances, 0.5);
  EXPECT_NEAR(spread.deviation_s(), deviation, 0.03 * deviation);
}

TEST(Spread, EqualDurationsHaveTheLeastDeviation) {
  Spread spread;
  for (int i = 0; i < 9; ++i) spread.add(int64_t{2'000'000'000});
  EXPECT_EQ(spread.quantile_s(0.5), 2);
  EXPECT_NEAR(spread.deviation_s(), 0.1, 0.001);
}

TEST(Spread, TakesNoneNegativeAndImmenseDurations) {
  Spread spread;
  EXPECT_EQ(spread.quantile_s(0.5), 0);
  EXPECT_EQ(spread.deviation_s(), 0);
  spread.add(int64_t{-5});
  EXPECT_NEAR(spread.quantile_s(0.5), 1e-9, 1e-10);
  spread.add(INT64_MAX);
  EXPECT_NEAR(spread.quantile_s(1), 9.2e9, 1e8);
  EXPECT_EQ(spread.above(1), 1U);
}

TEST(Spread, SumsAreAsIfAllWereAddedToOne) {
  Spread a;
  Spread b;
  Spread both;
  for (int64_t i = 1; i < 500; ++i) {
    (i % 3 == 0 ? a : b).add(i * 1'000'000);
    both.add(i * 1'000'000);
  }
  a.add(b);
  EXPECT_EQ(a.count(), both.count());
  EXPECT_DOUBLE_EQ(a.quantile_s(0.95), both.quantile_s(0.95));
}

}  // namespace
}  // namespace headrace::top

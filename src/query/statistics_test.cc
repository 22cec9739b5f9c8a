#include "query/statistics.h"

#include <cmath>
#include <gtest/gtest.h>

namespace headrace::query {
namespace {

// Expected figures: scipy.stats 1.17.
const std::vector<double> kA = {2.10, 2.05, 2.20, 2.15, 2.08};
const std::vector<double> kB = {1.95, 2.00, 1.90, 2.02, 1.99, 1.93};

TEST(Statistics, WelchIsScipys) {
  const Comparison c = compare_repeats(kA, kB, RepeatTest::kWelch);
  EXPECT_EQ(c.n_a, 5u);
  EXPECT_EQ(c.n_b, 6u);
  EXPECT_NEAR(*c.difference, -0.151, 1e-12);
  EXPECT_NEAR(*c.p, 0.0019752433083373325, 1e-12);
  EXPECT_NEAR(*c.low, -0.22689257366916238, 1e-9);
  EXPECT_NEAR(*c.high, -0.0751074263308381, 1e-9);
}

TEST(Statistics, MannWhitneyIsScipys) {
  EXPECT_NEAR(*compare_repeats(kA, kB, RepeatTest::kMannWhitney).p, 0.004329004329004329, 1e-12);
  const std::vector<double> a = {1.1, 2.3, 0.4, 5.2};
  const std::vector<double> b = {3.3, 6.1, 7.7, 8.8};
  EXPECT_NEAR(*compare_repeats(a, b, RepeatTest::kMannWhitney).p, 0.05714285714285714, 1e-12);
  const std::vector<double> ties_a = {1, 2, 2, 3, 5, 5, 7};
  const std::vector<double> ties_b = {2, 4, 5, 6, 8, 9, 9, 10};
  EXPECT_NEAR(*compare_repeats(ties_a, ties_b, RepeatTest::kMannWhitney).p, 0.054224898519599225,
              1e-9);
}

TEST(Statistics, TheShiftLiesBetweenItsBounds) {
  const Comparison c = compare_repeats(kA, kB, RepeatTest::kMannWhitney);
  EXPECT_NEAR(*c.difference, -0.15, 1e-9);  // the median of all 30 differences
  EXPECT_LT(*c.low, *c.difference);
  EXPECT_GT(*c.high, *c.difference);
  EXPECT_LT(*c.high, 0);
}

TEST(Statistics, NothingIsClaimedOfFewerThanThree) {
  const Comparison c = compare_repeats(std::vector<double>{1, 2}, kB, RepeatTest::kWelch);
  EXPECT_EQ(c.n_a, 2u);
  EXPECT_EQ(c.mean_a, 1.5);
  EXPECT_FALSE(c.p || c.difference || c.low || c.high);
  const std::vector<double> with_nan = {1, 2, std::nan("")};
  EXPECT_FALSE(compare_repeats(with_nan, kB, RepeatTest::kMannWhitney).p);
}

TEST(Statistics, EqualRepeatsDoNotDiffer) {
  const std::vector<double> same = {2, 2, 2};
  const std::vector<double> other = {3, 3, 3, 3};
  EXPECT_EQ(*compare_repeats(same, same, RepeatTest::kWelch).p, 1);
  EXPECT_EQ(*compare_repeats(same, other, RepeatTest::kWelch).p, 0);
  EXPECT_EQ(*compare_repeats(same, same, RepeatTest::kMannWhitney).p, 1);
}

TEST(Statistics, DistributionsAreScipys) {
  EXPECT_NEAR(student_t(0.05, 1), 12.70620473617471, 1e-8);
  EXPECT_NEAR(student_t(0.05, 3.7), 2.86752071, 1e-7);
  EXPECT_NEAR(student_t(0.05, 30), 2.042272456301238, 1e-9);
  EXPECT_NEAR(student_p(2.1, 7), 0.07387119621292265, 1e-12);
  EXPECT_NEAR(fisher_p(3.2, 2, 17), 0.0661425666664213, 1e-12);
}

TEST(Statistics, HolmIsStatsmodels) {
  const std::vector<double> adjusted = adjusted_for_many({0.01, 0.04, 0.03, 0.005});
  const double expected[] = {0.03, 0.06, 0.06, 0.02};
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(adjusted[i], expected[i], 1e-12);
}

}  // namespace
}  // namespace headrace::query

#include "query/paired.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace headrace::query {
namespace {

const std::vector<Factor> kFactors = {{"width", {"1", "1", "2", "2", "3", "3", "4"}},
                                      {"data", {"a", "b", "a", "b", "a", "b", "a"}}};

TEST(PairedEffects, AreMeansOfDifferencesWithStudentsInterval) {
  const std::vector<double> outcome = {10, 12, 20, 23, 30, 34, 99};
  const auto effects = paired_effects(kFactors, 1, outcome);
  ASSERT_EQ(effects.size(), 1U);
  const PairedEffect& one = effects[0];
  EXPECT_EQ(one.from, "a");
  EXPECT_EQ(one.to, "b");
  EXPECT_EQ(one.pairs, 3U);
  EXPECT_EQ(one.unpaired, 1U);
  EXPECT_DOUBLE_EQ(one.mean_from, 20);
  EXPECT_DOUBLE_EQ(one.difference, 3);
  // s = 1, t(0.975, 2) = 4.302653, and of t = 3 * sqrt(3) p = 0.035099.
  EXPECT_NEAR(*one.low, 3 - 4.302653 / std::sqrt(3.0), 1e-5);
  EXPECT_NEAR(*one.high, 3 + 4.302653 / std::sqrt(3.0), 1e-5);
  EXPECT_NEAR(*one.p, 0.035099, 1e-5);
}

TEST(PairedEffects, OfOnePairHaveNoInterval) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> outcome = {10, 12, 20, nan, nan, 34, 99};
  const auto effects = paired_effects(kFactors, 1, outcome);
  ASSERT_EQ(effects.size(), 1U);
  EXPECT_EQ(effects[0].pairs, 1U);
  EXPECT_EQ(effects[0].unpaired, 3U);
  EXPECT_FALSE(effects[0].low.has_value());
  EXPECT_FALSE(effects[0].p.has_value());
}

TEST(PairedEffects, RepeatsOfOneSettingStandAsTheirMean) {
  const std::vector<Factor> factors = {{"data", {"a", "a", "b", "b", "b"}}};
  const std::vector<double> outcome = {1, 3, 4, 6, 8};
  const auto effects = paired_effects(factors, 0, outcome);
  ASSERT_EQ(effects.size(), 1U);
  EXPECT_EQ(effects[0].pairs, 1U);
  EXPECT_DOUBLE_EQ(effects[0].difference, 4);
}

TEST(PairedEffects, MayDifferInWhatFollowsFromTheParameter) {
  const std::vector<Factor> factors = {{"width", {"1", "2", "1", "2"}},
                                       {"lr", {"a", "a", "b", "b"}},
                                       {"base", {"b1", "b2", "b1", "b2"}}};
  const std::vector<double> outcome = {1, 3, 2, 5};
  const auto effects = paired_effects(factors, 0, outcome);
  ASSERT_EQ(effects.size(), 1U);
  EXPECT_EQ(effects[0].pairs, 2U);
  EXPECT_DOUBLE_EQ(effects[0].difference, 2.5);
}

}  // namespace
}  // namespace headrace::query

#include "query/effect.h"

#include <gtest/gtest.h>
#include <random>

#include "query/units.h"

namespace headrace::query {
namespace {

const std::vector<Factor> kFactors = {
    {"lr", {"0.1", "0.1", "0.2", "0.2", "0.4", "0.4", "0.8", "0.8", "1.6", "1.6", "0.1", "0.2"}},
    {"data", {"a", "b", "a", "b", "a", "b", "a", "b", "a", "b", "a", "b"}}};
const std::vector<double> kLoss = {3.1, 2.6, 2.9, 2.2, 2.5, 1.9, 2.3, 1.4, 2.0, 1.1, 3.0, 2.3};

// Expected figures: statsmodels 0.15, ols("y ~ log2(lr) + data"), anova_lm type 2.
TEST(Effects, AreStatsmodels) {
  const Result<Effects> e = effects_of(kFactors, kLoss);
  ASSERT_TRUE(e.ok());
  ASSERT_EQ(e->effects.size(), 2u);
  EXPECT_NEAR(e->explained, 0.9714602371343134, 1e-12);
  const Effect& lr = e->effects[0];
  EXPECT_EQ(lr.factor, "lr");
  EXPECT_TRUE(lr.is_line && lr.is_log);
  EXPECT_EQ(lr.from + " " + lr.to, "0.1 1.6");
  EXPECT_NEAR(lr.change, -1.2772413793103459, 1e-9);
  EXPECT_NEAR(*lr.low, -1.48769609, 1e-7);
  EXPECT_NEAR(*lr.high, -1.06678667, 1e-7);
  EXPECT_NEAR(*lr.p, 2.427942e-07, 1e-12);
  EXPECT_NEAR(lr.share, 2.464011 / 4.1225, 1e-6);
  const Effect& data = e->effects[1];
  EXPECT_FALSE(data.is_line);
  EXPECT_NEAR(data.change, -0.663448, 1e-6);
  EXPECT_NEAR(*data.low, -0.813035, 1e-6);
  EXPECT_NEAR(*data.p, 3.481080e-06, 1e-11);
  ASSERT_EQ(e->interactions.size(), 1u);
  EXPECT_EQ(e->pairs_tried, 1u);
  EXPECT_NEAR(e->interactions[0].p, 0.001283, 1e-6);
}

TEST(Effects, NoInteractionIsFlaggedWhereThereIsNone) {
  std::mt19937 random(3);  // NOLINT: the same rows every time
  std::vector<Factor> factors = {{"a", {}}, {"b", {}}, {"c", {}}};
  std::vector<double> outcome;
  for (int i = 0; i < 400; ++i) {
    const auto a = static_cast<double>(random() % 5);
    const auto b = static_cast<double>(random() % 2);
    factors[0].levels.push_back(number_text(a));
    factors[1].levels.push_back(b == 0 ? "adam" : "sgd");
    factors[2].levels.push_back(number_text(static_cast<double>(random() % 3)));
    outcome.push_back(2 * a - b + std::normal_distribution<double>(0, 0.5)(random));
  }
  const Result<Effects> e = effects_of(factors, outcome);
  ASSERT_TRUE(e.ok());
  EXPECT_EQ(e->pairs_tried, 3u);
  EXPECT_TRUE(e->interactions.empty());
  EXPECT_EQ(e->effects.front().factor, "a");
  EXPECT_LT(*e->effects.front().low, 8);
  EXPECT_GT(*e->effects.front().high, 8);
  EXPECT_GT(*e->effects.back().p, 0.01);
}

TEST(Effects, WhatCannotBeToldApartIsSaid) {
  std::vector<Factor> factors = kFactors;
  factors.push_back({"twin", kFactors[1].levels});
  factors.push_back({"name", {}});
  factors.push_back({"constant", std::vector<std::string>(12, "7")});
  for (int i = 0; i < 12; ++i) factors[3].levels.push_back("run" + std::to_string(i) + "x");
  factors[3].levels.resize(12);
  std::vector<Factor> wide = factors;
  for (Factor& f : wide) f.levels.push_back(f.name == "name" ? "run99" : f.levels.back());
  std::vector<double> outcome = kLoss;
  outcome.push_back(1.2);
  const Result<Effects> e = effects_of(wide, outcome);
  ASSERT_TRUE(e.ok());
  EXPECT_EQ(e->effects.size(), 2u);
  EXPECT_EQ(e->left_out, (std::vector<std::string>{"name: 13 levels that are no numbers",
                                                   "twin: it goes with other parameters"}));
}

TEST(Effects, NoIntervalWithoutAResidual) {
  const Result<Effects> e =
      effects_of({{"a", {"1", "2", "1"}}, {"b", {"x", "x", "y"}}}, std::vector<double>{1, 3, 6});
  ASSERT_TRUE(e.ok());
  EXPECT_EQ(e->effects.size(), 2u);
  for (const Effect& effect : e->effects) EXPECT_FALSE(effect.low || effect.p);
  EXPECT_FALSE(effects_of(kFactors, std::vector<double>(2, 1.0)).ok());
}

}  // namespace
}  // namespace headrace::query

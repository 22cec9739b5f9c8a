#include "query/robust_fit.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace headrace::query {
namespace {

TEST(RobustFit, FollowsTheManyAndNotTheWild) {
  std::mt19937_64 random(11);
  std::normal_distribution<double> noise(0, 0.02);
  std::uniform_real_distribution<double> place(0, 5);
  std::vector<double> x;
  std::vector<double> level;
  std::vector<double> y;
  for (int i = 0; i < 60; ++i) {
    x.push_back(place(random));
    level.push_back(i % 2);
    y.push_back(1 + 0.7 * x[i] - 0.3 * level[i] + noise(random));
  }
  for (const int wild : {5, 17, 40}) y[wild] += 1.1;
  const RobustFit fit = robust_fit({x, level}, y);
  EXPECT_EQ(fit.columns, 3U);
  EXPECT_NEAR(fit.deviation, 0.02, 0.01);
  for (int i = 0; i < 60; ++i) {
    EXPECT_NEAR(fit.predicted[i], 1 + 0.7 * x[i] - 0.3 * level[i], 0.03) << i;
    EXPECT_GT(fit.leverage[i], 0);
    EXPECT_LT(fit.leverage[i], 0.3);
  }
  for (const int wild : {5, 17, 40}) EXPECT_FALSE(fit.fitted[wild]);
}

TEST(RobustFit, LeavesOutWhatOthersExplain) {
  const std::vector<double> a = {1, 2, 3, 4, 5, 6};
  const std::vector<double> twice = {2, 4, 6, 8, 10, 12};
  const std::vector<double> same = {7, 7, 7, 7, 7, 7};
  const RobustFit fit = robust_fit({a, twice, same}, {3, 5, 7, 9, 11, 13});
  EXPECT_EQ(fit.columns, 2U);
  EXPECT_NEAR(fit.predicted[5], 13, 1e-9);
  EXPECT_NEAR(fit.deviation, 0, 1e-9);
}

TEST(RobustFit, ARowAloneInItsLevelExplainsItself) {
  const RobustFit fit = robust_fit({{0, 0, 0, 0, 0, 1}}, {1, 1.1, 0.9, 1, 1.05, 9});
  EXPECT_NEAR(fit.leverage[5], 1, 1e-6);
}

}  // namespace
}  // namespace headrace::query

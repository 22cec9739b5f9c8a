#include "energy/apportion.h"

#include <cmath>
#include <gtest/gtest.h>
#include <numeric>
#include <random>

namespace headrace::energy {
namespace {

int64_t sum(const std::vector<int64_t>& parts) {
  return std::accumulate(parts.begin(), parts.end(), int64_t{0});
}

TEST(Apportion, GivesWhatIsLeftToTheLargestRemainders) {
  EXPECT_EQ(apportion(std::vector{1.5, 2.4, 3.1}, 7), (std::vector<int64_t>{2, 2, 3}));
  EXPECT_EQ(apportion(std::vector{1.0, 1.0, 1.0}, 10), (std::vector<int64_t>{4, 3, 3}));
}

TEST(Apportion, ScalesSharesThatDoNotAddUp) {
  EXPECT_EQ(apportion(std::vector{70.0, 30.0}, 1000), (std::vector<int64_t>{700, 300}));
}

TEST(Apportion, WhatNobodyWantsGoesToTheLast) {
  EXPECT_EQ(apportion(std::vector{0.0, 0.0}, 5), (std::vector<int64_t>{0, 5}));
  EXPECT_TRUE(apportion({}, 5).empty());
}

TEST(Apportion, AlwaysAddsUpAndIsNeverOffByOne) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::vector<double> shares(1 + random() % 50);
    for (double& share : shares) {
      share = random() % 3 == 0
                  ? 0
                  : std::ldexp(static_cast<double>(random()), -(static_cast<int>(random() % 60)));
    }
    double all = 0;
    for (const double share : shares) all += share;
    const auto total = static_cast<int64_t>(random() % 1'000'000'000'000);
    const std::vector<int64_t> parts = apportion(shares, total);
    ASSERT_EQ(sum(parts), total);
    for (size_t i = 0; i < parts.size() && all > 0; ++i) {
      const double exact = shares[i] * (static_cast<double>(total) / all);
      ASSERT_LT(std::abs(static_cast<double>(parts[i]) - exact), 1.001) << round;
    }
  }
}

}  // namespace
}  // namespace headrace::energy

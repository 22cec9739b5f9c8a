#include "query/stopping.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace headrace::query {
namespace {

// Runs one after the other, a point a second, each with the given values.
Race one_by_one(const std::vector<std::vector<double>>& runs) {
  Race race;
  double begin = 0;
  for (const auto& values : runs) {
    race.racers.push_back({begin, race.values.size(), values.size(), false});
    for (size_t i = 0; i < values.size(); ++i) {
      race.values.push_back(values[i]);
      race.seconds.push_back(static_cast<double>(i + 1));
    }
    begin += static_cast<double>(values.size());
  }
  return race;
}

StoppingRule rule(RuleKind kind, size_t grace, size_t patience = 2) {
  return {kind, grace, 1, patience, 3};
}

TEST(Stopping, MedianStopsWhatIsWorseThanHalfOfThoseBefore) {
  const Race race = one_by_one({{4, 3, 2}, {5, 4, 3}, {6, 5, 4}, {9, 5.2, 1}, {9, 4.1, 1}});
  // Averages at point 2: 3.5, 4.5, 5.5, then 7.1.
  const std::vector<Stop> stops = replay(race, rule(RuleKind::kMedian, 2));
  EXPECT_EQ(stops, (std::vector<Stop>{{}, {}, {}, 2, {}}));
}

TEST(Stopping, MedianNeedsThreeOthersAndKnowsNoLaterRun) {
  const Race race = one_by_one({{9, 9, 9}, {9, 9, 9}, {9, 9, 9}, {1, 1, 1}});
  for (const Stop& stop : replay(race, rule(RuleKind::kMedian, 1))) EXPECT_FALSE(stop);
}

TEST(Stopping, HalvingKeepsTheBestThirdOfThoseThatCameAsFar) {
  const Race race = one_by_one({{5, 5, 5, 5}, {6, 6, 6, 6}, {4, 4, 4, 4}, {4.5, 1, 1, 1}});
  // At point 1: the best of {5}, {5 6}, {4 5 6}, {4 4.5 5 6}. At point 3: of {5}, {4 5}.
  const std::vector<Stop> stops = replay(race, rule(RuleKind::kHalving, 1));
  EXPECT_EQ(stops, (std::vector<Stop>{{}, 1, {}, 1}));
}

TEST(Stopping, PatienceCountsPointsWithoutANewBest) {
  const Race race = one_by_one({{5, 4, 4, 4, 3}, {5, 6, 4, 5, 3}, {1, 2, 3}});
  const std::vector<Stop> stops = replay(race, rule(RuleKind::kPatience, 1));
  EXPECT_EQ(stops, (std::vector<Stop>{4, {}, {}}));  // not after a run's last point
}

TEST(Stopping, PowerLawStopsWhatWillNotGetThere) {
  const auto curve = [](double level, double scale) {
    std::vector<double> out;
    for (int n = 1; n <= 40; ++n) out.push_back(level + scale * std::pow(n, -0.5));
    return out;
  };
  // The second heads for 3, the third below the first.
  const Race race = one_by_one({curve(2, 1), curve(3, 1), curve(1, 4)});
  const std::vector<Stop> stops = replay(race, rule(RuleKind::kPowerLaw, 1));
  EXPECT_EQ(stops, (std::vector<Stop>{{}, 4, {}}));
}

TEST(Stopping, WhatIsNoNumberIsWorseThanAnything) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Race race =
      one_by_one({{4, 3, 2, 2, 2}, {4, 3, 2, 2, 2}, {4, 3, 2, 2, 2}, {nan, nan, nan, nan, nan}});
  EXPECT_EQ(replay(race, rule(RuleKind::kMedian, 1))[3], Stop(1));
  EXPECT_EQ(replay(race, rule(RuleKind::kHalving, 1))[3], Stop(1));
  EXPECT_EQ(replay(race, rule(RuleKind::kPatience, 1))[3], Stop(2));
  EXPECT_EQ(replay(race, rule(RuleKind::kPowerLaw, 1))[3], Stop(4));
}

TEST(Stopping, ARunThatGoesOnIsJudgedAtItsLastPoint) {
  Race race = one_by_one({{4, 3}, {4, 3}, {4, 3}, {9, 9}});
  EXPECT_FALSE(replay(race, rule(RuleKind::kMedian, 2))[3]);
  race.racers[3].is_running = true;
  EXPECT_EQ(replay(race, rule(RuleKind::kMedian, 2))[3], Stop(2));
}

TEST(Stopping, OrderIsByTimeNotByRun) {
  Race race = one_by_one({{9, 9}, {4, 3}, {4, 3}, {4, 3}});
  race.racers[0].begin_s = 100;
  EXPECT_EQ(replay(race, rule(RuleKind::kMedian, 1))[0], Stop(1));
}

TEST(Stopping, UsualRulesGoByTheLongestRun) {
  EXPECT_EQ(usual_rule(RuleKind::kMedian, 100).grace, 10u);
  EXPECT_EQ(usual_rule(RuleKind::kMedian, 100).every, 5u);
  EXPECT_EQ(usual_rule(RuleKind::kPatience, 3).patience, 2u);
  EXPECT_EQ(usual_rule(RuleKind::kHalving, 3).grace, 1u);
  for (const RuleKind kind : kRuleKinds) EXPECT_EQ(parse_rule(name_of(kind)), kind);
  EXPECT_FALSE(parse_rule("mean"));
}

}  // namespace
}  // namespace headrace::query

#include "telemetry/change_filter.h"

#include <gtest/gtest.h>
#include <vector>

namespace headrace::telemetry {
namespace {

class Filtered {
 public:
  explicit Filtered(const SensorSpec& spec = {}) : filter_(spec) {}
  // The raw values recorded, with their tenths of a second; -1 for a gap.
  std::vector<std::pair<int, int64_t>> at(int tenths, Reading reading, bool force = false) {
    Sample out[2];
    const int n = filter_.push(reading, static_cast<uint64_t>(tenths),
                               int64_t{tenths} * 100'000'000, force, out);
    std::vector<std::pair<int, int64_t>> list;
    for (int i = 0; i < n; ++i) {
      list.emplace_back(static_cast<int>(out[i].at_ticks),
                        out[i].gap ? -1 : static_cast<int64_t>(out[i].raw));
    }
    return list;
  }

 private:
  ChangeFilter filter_;
};
using List = std::vector<std::pair<int, int64_t>>;
constexpr Reading kGap{};

TEST(ChangeFilter, RecordsChangesAndASignOfLifeEachSecond) {
  Filtered f;
  EXPECT_EQ(f.at(0, {5, true}), (List{{0, 5}}));
  EXPECT_EQ(f.at(1, {6, true}), (List{{1, 6}}));
  for (int t = 2; t < 11; ++t) EXPECT_EQ(f.at(t, {6, true}), List{}) << t;
  EXPECT_EQ(f.at(11, {6, true}), (List{{11, 6}}));
  EXPECT_EQ(f.at(12, {6, true}), List{});
}

TEST(ChangeFilter, KeepsTheEdgeBeforeAChange) {
  Filtered f;
  f.at(0, {5, true});
  f.at(1, {5, true});
  f.at(2, {5, true});
  EXPECT_EQ(f.at(3, {9, true}), (List{{2, 5}, {3, 9}}));
}

TEST(ChangeFilter, KeepsNoEdgeWhereTheSourceRefreshesSlowly) {
  SensorSpec slow;
  slow.keeps_edges = false;
  Filtered f(slow);
  f.at(0, {5, true});
  f.at(1, {5, true});
  EXPECT_EQ(f.at(2, {9, true}), (List{{2, 9}}));
}

TEST(ChangeFilter, AGapIsToldWhenItBeginsAndEachSecondAndWhenItEnds) {
  Filtered f;
  f.at(0, {5, true});
  f.at(1, {5, true});
  EXPECT_EQ(f.at(2, kGap), (List{{1, 5}, {2, -1}}));
  EXPECT_EQ(f.at(3, kGap), List{});
  EXPECT_EQ(f.at(12, kGap), (List{{12, -1}}));
  EXPECT_EQ(f.at(13, {5, true}), (List{{13, 5}}));
}

TEST(ChangeFilter, AGapsNumberMeansNothing) {
  Filtered f;
  EXPECT_EQ(f.at(0, Reading{77, false}), (List{{0, -1}}));
  EXPECT_EQ(f.at(1, Reading{78, false}), List{});
}

TEST(ChangeFilter, TheLastReadingIsRecordedInAnyCase) {
  Filtered f;
  f.at(0, {5, true});
  EXPECT_EQ(f.at(1, {5, true}, true), (List{{1, 5}}));
}

TEST(ChangeFilter, WhatOnlyCountsItselfIsRecordedOnceASecond) {
  SensorSpec self;
  self.only_heartbeat = true;
  Filtered f(self);
  EXPECT_EQ(f.at(0, {1, true}), (List{{0, 1}}));
  for (int t = 1; t < 10; ++t) EXPECT_EQ(f.at(t, {static_cast<uint64_t>(t), true}), List{});
  EXPECT_EQ(f.at(10, {10, true}), (List{{10, 10}}));
}

}  // namespace
}  // namespace headrace::telemetry

#include "energy/timeline.h"

#include <gtest/gtest.h>

namespace headrace::energy {
namespace {

constexpr int64_t kS = 1'000'000'000;
constexpr int64_t kTenth = kS / 10;

// A counter of micro-joules, read every tenth of a second: its first value and the watts drawn
// before each further reading.
std::vector<RawSample> readings(uint64_t first, const std::vector<double>& watts,
                                uint64_t range = 0) {
  std::vector<RawSample> out{{0, first, false}};
  for (const double w : watts) {
    uint64_t raw = out.back().raw + static_cast<uint64_t>(w * 1e5);
    if (range > 0) raw %= range;
    out.push_back({out.back().at_ns + kTenth, raw, false});
  }
  return out;
}
Counter package(uint64_t range = 0) { return {1, range, 1e9}; }

TEST(Timeline, ConstantPowerIsAStraightLine) {
  const Timeline t = Timeline::of_counter(package(), readings(777, std::vector<double>(10, 50)));
  EXPECT_EQ(t.total(), 50'000'000);
  EXPECT_EQ(t.begin_ns(), 0);
  EXPECT_EQ(t.end_ns(), kS);
  EXPECT_DOUBLE_EQ(t.value_at(kS / 4), 12.5e6);
  EXPECT_DOUBLE_EQ(t.value_at(-5), 0);
  EXPECT_DOUBLE_EQ(t.value_at(kS * 9), 50e6);
  EXPECT_EQ(t.knots().back().covered_ns, kS);
}

TEST(Timeline, StepPowerBendsAtTheKnot) {
  const Timeline t = Timeline::of_counter(package(), readings(0, {10, 10, 100, 100}));
  EXPECT_DOUBLE_EQ(t.value_at(2 * kTenth), 2e6);
  EXPECT_DOUBLE_EQ(t.value_at(2 * kTenth + kTenth / 2), 2e6 + 5e6);
  EXPECT_EQ(t.total(), 22'000'000);
}

TEST(Timeline, AWrapIsUnwrapped) {
  constexpr uint64_t kRange = 262'143'328'851;
  const auto samples = readings(kRange - 1'000'000, std::vector<double>(10, 50), kRange);
  EXPECT_LT(samples.back().raw, samples.front().raw);
  const Timeline t = Timeline::of_counter(package(kRange), samples);
  EXPECT_EQ(t.total(), 50'000'000);
  EXPECT_EQ(t.knots().back().covered_ns, kS);
}

TEST(Timeline, AResetIsNoWrapAndAddsNothing) {
  constexpr uint64_t kRange = 262'143'328'851;
  auto samples = readings(100'000'000'000, {50, 50});
  samples.push_back({3 * kTenth, 5, false});  // a wrap would be 162 kJ in a tenth of a second
  samples.push_back({4 * kTenth, 5'000'005, false});
  for (const uint64_t range : {kRange, uint64_t{0}}) {
    const Timeline t = Timeline::of_counter(package(range), samples);
    EXPECT_EQ(t.total(), 15'000'000);
    EXPECT_EQ(t.knots().back().covered_ns, 3 * kTenth);
  }
}

TEST(Timeline, AnImpossibleIncrementAddsNothing) {
  auto samples = readings(0, {50, 50});
  samples.push_back({3 * kTenth, samples.back().raw + 9'000'000'000, false});
  samples.push_back({4 * kTenth, samples.back().raw + 5'000'000, false});
  const Timeline t = Timeline::of_counter(package(), samples);
  EXPECT_EQ(t.total(), 15'000'000);
  EXPECT_EQ(t.knots().back().covered_ns, 3 * kTenth);
}

TEST(Timeline, ALateRefreshIsBelieved) {
  // Nothing for nine tenths of a second, then all of it at once.
  std::vector<double> watts(9, 0);
  watts.push_back(7000);
  EXPECT_EQ(Timeline::of_counter(package(), readings(0, watts)).total(), 700'000'000);
}

TEST(Timeline, AGlitchToZeroIsAGapNotAReset) {
  for (const int zeros : {1, 2}) {
    std::vector<RawSample> samples{{0, 100'000'000, false}};
    for (int i = 1; i <= zeros; ++i) samples.push_back({i * kTenth, 0, false});
    samples.push_back({(zeros + 1) * kTenth, 101'000'000, false});
    const Timeline t = Timeline::of_counter(package(), samples);
    EXPECT_EQ(t.total(), 1'000'000) << zeros;
    EXPECT_EQ(t.knots().back().covered_ns, 0) << zeros;
  }
}

TEST(Timeline, AGapLowersTheCoverageAndLosesNoCountedEnergy) {
  auto samples = readings(0, std::vector<double>(10, 50));
  samples[4].gap = samples[5].gap = true;
  samples[4].raw = samples[5].raw = 0;
  const Timeline t = Timeline::of_counter(package(), samples);
  EXPECT_EQ(t.total(), 50'000'000);
  EXPECT_EQ(t.knots().back().covered_ns, 7 * kTenth);
}

TEST(Timeline, NothingButGapsIsNothing) {
  const std::vector<RawSample> samples{{0, 1, true}, {kS, 2, true}};
  EXPECT_TRUE(Timeline::of_counter(package(), samples).empty());
  EXPECT_TRUE(Timeline::of_counter(package(), {}).empty());
}

TEST(Timeline, TooLongForTheRangeIsNotGuessed) {
  // 65.5 kJ at 1 kW wraps after 65 s: after 60 s no difference says how often it did.
  constexpr uint64_t kRange = 65'536'000'000;
  const std::vector<RawSample> samples{
      {0, 0, false}, {60 * kS, 3'000'000'000, false}, {61 * kS, 3'050'000'000, false}};
  EXPECT_EQ(Timeline::of_counter(package(kRange), samples).total(), 50'000'000);
}

TEST(Timeline, ALongWindowIsNotCovered) {
  const std::vector<RawSample> samples{{0, 0, false}, {60 * kS, 3'000'000'000, false}};
  const Timeline t = Timeline::of_counter(package(), samples);
  EXPECT_EQ(t.total(), 3'000'000'000);
  EXPECT_EQ(t.knots().back().covered_ns, 0);
}

TEST(Timeline, FractionsOfAUnitDoNotDrift) {
  std::vector<RawSample> samples;
  for (int i = 0; i <= 3'000'000; i += 1000) {
    samples.push_back({int64_t{i} * 1000, static_cast<uint64_t>(i) / 1000, false});
  }
  EXPECT_EQ(Timeline::of_counter({1.0 / 3, 0, 1e9}, samples).total(), 1000);
}

TEST(TimelineCursor, ReadsAsValueAtDoes) {
  const Timeline t = Timeline::of_counter(package(), readings(0, {10, 0, 100, 40, 0, 0, 7}));
  TimelineCursor cursor(t);
  for (int64_t at = -kTenth; at < 9 * kTenth; at += kTenth / 7) {
    EXPECT_DOUBLE_EQ(cursor.at(at).value, t.value_at(at)) << at;
  }
}

}  // namespace
}  // namespace headrace::energy

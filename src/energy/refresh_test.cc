#include "energy/refresh.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>

namespace headrace::energy {
namespace {

struct Seen {
  std::vector<RefreshTime> times;
  std::vector<double> truth;
};

// Refreshed every 100 ms with that jitter, read every 25 ms, now and then late.
Seen refreshed(double jitter, size_t count) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  std::exponential_distribution<double> late(1 / 0.5e6);
  Seen out;
  double refresh_ns = 1e8;
  double before_ns = 0;
  for (double poll_ns = 0; out.times.size() < count; poll_ns += 25e6) {
    const double read_ns = poll_ns + late(random);
    if (refresh_ns <= read_ns) {
      RefreshTime time;
      time.from_ns = std::llround(before_ns);
      time.until_ns = std::llround(read_ns);
      out.times.push_back(time);
      out.truth.push_back(refresh_ns);
      refresh_ns += 1e8 * (1 + jitter * normal(random));
    }
    before_ns = read_ns;
  }
  return out;
}

TEST(Refresh, ItsSpreadIsWhatItIsOffBy) {
  for (const double jitter : {0.01, 0.02, 0.03, 0.1}) {
    Seen seen = refreshed(jitter, 4000);
    EXPECT_NEAR(estimate_refreshes(seen.times, 25'000'000), 1e8, 1e6);
    double square = 0;
    double claimed = 0;
    double together = 0;
    double claimed_together = 0;
    for (size_t i = 1; i < seen.times.size(); ++i) {
      const double off = seen.times[i].at_ns - seen.truth[i];
      const double before = seen.times[i - 1].at_ns - seen.truth[i - 1];
      square += off * off;
      claimed += seen.times[i].spread_ns * seen.times[i].spread_ns;
      together += off * before;
      claimed_together +=
          seen.times[i].correlation * seen.times[i].spread_ns * seen.times[i - 1].spread_ns;
    }
    EXPECT_LT(std::sqrt(square / claimed), 1.15) << jitter;
    EXPECT_GT(std::sqrt(square / claimed), 0.6) << jitter;
    EXPECT_NEAR(together / square, claimed_together / claimed, 0.15) << jitter;
    const double bracket_ns = 25e6 / std::sqrt(12.0);
    EXPECT_LT(std::sqrt(square / 4000), jitter < 0.05 ? 0.7 * bracket_ns : 1.02 * bracket_ns);
  }
}

TEST(Refresh, WithoutAPeriodTheBracketsStay) {
  std::mt19937_64 random(5);
  std::vector<RefreshTime> times(100);
  int64_t at_ns = 0;
  for (RefreshTime& time : times) {
    at_ns += 10'000'000 + static_cast<int64_t>(random() % 1'000'000'000);
    time.from_ns = at_ns - 1'000'000;
    time.until_ns = at_ns;
  }
  estimate_refreshes(times, 1'000'000);
  EXPECT_NEAR(times[50].spread_ns, 1e6 / std::sqrt(12.0), 1e4);
}

TEST(Refresh, ReadNoMoreOftenThanRefreshedShowsNoPeriod) {
  std::vector<RefreshTime> times(100);
  for (size_t i = 0; i < times.size(); ++i) {
    times[i].until_ns = static_cast<int64_t>(i + 1) * 10'000'000;
    times[i].from_ns = times[i].until_ns - 1'000'000;
  }
  EXPECT_EQ(estimate_refreshes(times, 10'000'000), 0);
}

}  // namespace
}  // namespace headrace::energy

#include "lab/meter.h"

#include <cerrno>
#include <gtest/gtest.h>

namespace headrace::lab {
namespace {

constexpr int64_t kMs = 1'000'000;

PowerTrace square() { return *PowerTrace::of({{0, 100'000}, {500 * kMs, 300'000}}, 1000 * kMs); }

TEST(Meter, ShowsTheIntegralAtItsLastRefresh) {
  Meter meter(square(), {.period_ns = 100 * kMs}, {});
  EXPECT_EQ(meter.at(99 * kMs).energy_uj, 0u);
  EXPECT_EQ(meter.at(199 * kMs).energy_uj, 10'000'000u);
  EXPECT_EQ(meter.at(1050 * kMs).energy_uj, 200'000'000u);
  EXPECT_EQ(meter.at(1050 * kMs).refreshes, 10u);
  EXPECT_EQ(meter.at(1050 * kMs).refreshed_ns, 1000 * kMs);
  EXPECT_EQ(meter.at(1050 * kMs).power_uw, 300'000'000u);
}

TEST(Meter, RefreshesComeEarlyOrLateButInOrder) {
  Meter meter(square(), {.period_ns = 100 * kMs, .jitter = 0.5, .seed = 3}, {});
  int64_t before_ns = -1;
  bool moved = false;
  for (int64_t at_ns = 0; at_ns < 5000 * kMs; at_ns += kMs) {
    const Shown shown = meter.at(at_ns);
    EXPECT_LE(shown.refreshed_ns, at_ns);
    EXPECT_GE(shown.refreshed_ns, before_ns);
    EXPECT_EQ(shown.energy_uj, meter.trace().energy_uj(shown.refreshed_ns));
    moved = moved || shown.refreshed_ns % (100 * kMs) != 0;
    before_ns = shown.refreshed_ns;
  }
  EXPECT_TRUE(moved);
}

TEST(Meter, WithADutyOfAQuarterItAssumesTheRest) {
  // Looks at the first 250 ms of each second only, where it is 100 W.
  Meter meter(square(), {.period_ns = 1000 * kMs, .duty = 0.25}, {});
  EXPECT_EQ(meter.at(3000 * kMs).energy_uj, 300'000'000u);
  EXPECT_EQ(meter.at(1000 * kMs).energy_uj, 100'000'000u) << "also back in time";
}

TEST(Meter, WrapsAndMovesInSteps) {
  Meter meter(square(), {.period_ns = kMs, .quantum_uj = 1'000'000, .range_uj = 150'000'000}, {});
  EXPECT_EQ(meter.at(7 * kMs).energy_uj, 0u);
  EXPECT_EQ(meter.at(19 * kMs).energy_uj, 1'000'000u);
  EXPECT_EQ(meter.at(1000 * kMs).energy_uj, 50'000'000u);
}

TEST(Meter, HasItsFaultsWhileTheyLast) {
  const auto during = [](FaultKind kind) {
    Meter meter(square(), {.period_ns = 100 * kMs, .start_uj = 7}, {{kind, 500 * kMs, 700 * kMs}});
    EXPECT_EQ(meter.at(400 * kMs).energy_uj, 40'000'007u);
    return meter.at(600 * kMs);
  };
  EXPECT_EQ(during(FaultKind::kDenied).error, EACCES);
  EXPECT_EQ(during(FaultKind::kFailing).error, EIO);
  EXPECT_EQ(during(FaultKind::kLost).error, ENODEV);
  EXPECT_EQ(during(FaultKind::kFrozen).energy_uj, 50'000'007u);
  EXPECT_TRUE(during(FaultKind::kTorn).torn);
  EXPECT_GT(during(FaultKind::kImpossible).energy_uj, Meter::kImpossible_uj);
  EXPECT_EQ(during(FaultKind::kZero).energy_uj, 0u);
  EXPECT_EQ(during(FaultKind::kReset).energy_uj, 30'000'000u);
  Meter reset(square(), {.period_ns = 100 * kMs}, {{FaultKind::kReset, 500 * kMs}});
  EXPECT_EQ(reset.at(1000 * kMs).energy_uj, 150'000'000u) << "counts on from there";
}

}  // namespace
}  // namespace headrace::lab

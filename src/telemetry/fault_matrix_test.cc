// Every fault of a source against every provider: what becomes a sample is what the source showed,
// and where it showed nothing there is a gap, never a number.
#include <gtest/gtest.h>
#include <stdlib.h>

#include "telemetry/readings_for_test.h"
#include "telemetry/ways_for_test.h"

namespace headrace::telemetry {
namespace {

class FaultMatrix : public testing::TestWithParam<std::tuple<size_t, const char*>> {};
INSTANTIATE_TEST_SUITE_P(EachWay, FaultMatrix,
                         testing::Combine(testing::Range(size_t{0}, std::size(kWays)),
                                          testing::Values("denied", "failing", "lost", "torn",
                                                          "frozen", "zero", "impossible", "reset")),
                         [](const auto& cell) {
                           return std::string(kWays[std::get<0>(cell.param)].name) + "_" +
                                  std::get<1>(cell.param);
                         });

TEST_P(FaultMatrix, NothingIsMadeUp) {
  const Way& way = kWays[std::get<0>(GetParam())];
  const std::string fault = std::get<1>(GetParam());
  constexpr double kStart_j = 5000;
  constexpr double kPower_w = 300;
  TurnedLab lab("power a 300W\nmeter " + std::string(way.meter) +
                " a period=10ms start=5000J chip=lab\nfault " + way.meter + " " + fault +
                " 1s 2s\n");
  ASSERT_EQ(setenv(lab::kFolderVariable, lab.folder().c_str(), 1), 0);
  lab.turn_to(0.5);
  const auto provider = way.make(lab);
  const Probe probe = provider->probe();
  const Sensor* sensor = sensor_named(probe, way.sensor);
  ASSERT_NE(sensor, nullptr) << probe.sources[0].detail;
  size_t gaps = 0;
  bool back = false;
  for (int sweeps = 10; sweeps < 200; ++sweeps) {
    const double at_s = sweeps * 0.05;
    lab.turn_to(at_s);
    const std::optional<uint64_t> raw = sweep(*provider, probe).at(way.sensor);
    const bool during = sweeps >= 20 && sweeps < 40;
    gaps += raw ? 0 : 1;
    EXPECT_TRUE(raw || sweeps >= 20) << at_s;
    if (!raw) continue;
    back = back || sweeps >= 40;
    const double seen_j = static_cast<double>(*raw) * sensor->scale;
    const double drawn_j = kPower_w * at_s;
    if (fault == "reset" && sweeps >= 20) {
      EXPECT_NEAR(seen_j, drawn_j - kPower_w * 1, 2 * way.quantum_j) << at_s;
    } else if (fault == "zero" && during) {
      EXPECT_EQ(*raw, 0u) << at_s;
    } else if (fault == "impossible" && during) {
      EXPECT_GT(seen_j, 1e9) << at_s;
    } else if (fault == "frozen" && during) {
      EXPECT_NEAR(seen_j, kStart_j + kPower_w * 1, 2 * way.quantum_j) << at_s;
    } else {
      EXPECT_FALSE(during) << "a number where there is none: " << seen_j << " J at " << at_s;
      EXPECT_NEAR(seen_j, kStart_j + drawn_j, 2 * way.quantum_j) << at_s;
    }
  }
  EXPECT_TRUE(back) << "a source that works again is read again";
  const bool shows_something = fault == "frozen" || fault == "impossible" || fault == "reset" ||
                               (fault == "zero" && !way.zero_is_a_gap);
  // A count that begins anew is 0 for a moment.
  const size_t zeros = fault == "reset" && way.zero_is_a_gap ? 1 : 0;
  if (shows_something) {
    EXPECT_LE(gaps, zeros);
  } else {
    EXPECT_GE(gaps, 20u);
  }
  unsetenv(lab::kFolderVariable);
}

}  // namespace
}  // namespace headrace::telemetry

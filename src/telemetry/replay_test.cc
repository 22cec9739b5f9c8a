#include "telemetry/replay.h"

#include <fstream>
#include <gtest/gtest.h>

#include "telemetry/ways_for_test.h"

namespace headrace::telemetry {
namespace {

// What a provider shows every 50 ms for five seconds, as a recording.
std::string recorded(Provider& provider, const std::function<void(int64_t)>& turn) {
  const Probe probe = provider.probe();
  std::string out;
  for (const SensorSpec& spec : probe.sensors) out += recorded_line(spec.sensor) + "\n";
  std::vector<Reading> readings(probe.sensors.size());
  for (int64_t at_ns = 0; at_ns < 5'000'000'000; at_ns += 50'000'000) {
    turn(at_ns);
    std::fill(readings.begin(), readings.end(), Reading());
    provider.sweep(readings);
    for (size_t i = 0; i < readings.size(); ++i) {
      out += recorded_line(at_ns, i, readings[i]) + "\n";
    }
  }
  return out;
}

TEST(Replay, ShowsWhatWasRecordedGapsAndAll) {
  TurnedLab lab(
      "power a 70W 1s 250W repeat 2s\n"
      "meter powercap package-0 a period=100ms range=500J\n"
      "meter powercap package-0.dram a period=10ms\n"
      "fault powercap package-0 failing 2s 3s\n"
      "fault powercap package-0.dram lost 1s 2s\n");
  Powercap powercap(lab.roots());
  const std::string first =
      recorded(powercap, [&](int64_t at_ns) { lab.turn_to(static_cast<double>(at_ns) * 1e-9); });
  EXPECT_NE(first.find("gap"), std::string::npos);
  const Tree tree;
  const std::string path = tree.path() + "/recording";
  std::ofstream(path) << "# a recording\n" << first;
  int64_t now_ns = 7'000'000'000;  // whenever that is
  Replay replay(path, [&] { return now_ns; });
  const std::string again =
      recorded(replay, [&](int64_t at_ns) { now_ns = 7'000'000'000 + at_ns; });
  EXPECT_EQ(first, again);
}

TEST(Replay, ASlowSamplerGetsAllOfThemWithTheirOwnTimes) {
  const Tree tree;
  const std::string path = tree.path() + "/recording";
  std::ofstream(path) << "sensor a hw.energy J counter node/cpu-0 powercap 1e-06 0\n"
                         "sample 0 0 5\nsample 1000 0 6\nsample 2000 0 gap denied\n";
  int64_t now_ns = 50;
  Replay replay(path, [&] { return now_ns; });
  ASSERT_EQ(replay.probe().sensors.size(), 1u);
  now_ns = 1'000'000;
  std::vector<Reading> one(1);
  for (const int64_t taken_ns : {50, 1050, 2050, 2050}) {
    replay.sweep(one);
    EXPECT_EQ(one[0].taken_ns, taken_ns);
  }
  EXPECT_FALSE(one[0].ok);
  EXPECT_EQ(one[0].why, ReadFailure::kDenied);
}

TEST(Replay, SaysWhatIsNoRecording) {
  const Tree tree;
  const std::string path = tree.path() + "/recording";
  for (const char* text : {"sensor a\n", "sample 0 0 5\n", "sensor a q J counter d s 1 0\nfoo\n",
                           "sensor a q J counter d s 1 0\nsample 0 1 5\n"}) {
    std::ofstream(path) << text;
    const Probe probe = Replay(path).probe();
    EXPECT_TRUE(probe.sensors.empty());
    EXPECT_FALSE(probe.sources.at(0).readable);
    EXPECT_NE(probe.sources[0].detail.find("line"), std::string::npos) << probe.sources[0].detail;
  }
  EXPECT_FALSE(Replay(tree.path() + "/nothing").probe().sources.at(0).readable);
}

}  // namespace
}  // namespace headrace::telemetry

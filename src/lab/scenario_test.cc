#include "lab/scenario.h"

#include <gtest/gtest.h>

namespace headrace::lab {
namespace {

TEST(Scenario, ReadsPowersMetersAndFaults) {
  const Result<Scenario> read = Scenario::parse(
      "# a node\n"
      "power cpu-0  70W 2s 0.25kW 4s 70W repeat 6s\n"
      "\n"
      "meter powercap package-0 cpu-0 period=1ms range=65536J quantum=15.3uJ jitter=0.03\n"
      "meter nvml 0 cpu-0 duty=0.25 uuid=GPU-1  # the same\n"
      "fault nvml 0 lost 10s 12s\n"
      "fault nvml 0 torn\n");
  ASSERT_TRUE(read.ok()) << read.status().message();
  EXPECT_EQ(read->traces.at("cpu-0").power_mw(8'500'000'000), 250'000);
  ASSERT_EQ(read->instruments.size(), 2u);
  const Instrument& package = read->instruments[0];
  EXPECT_EQ(package.habit.period_ns, 1'000'000);
  EXPECT_EQ(package.habit.range_uj, 65'536'000'000u);
  EXPECT_EQ(package.habit.quantum_uj, 15u);
  EXPECT_DOUBLE_EQ(package.habit.jitter, 0.03);
  const Instrument gpu = read->of_kind("nvml").at(0);
  EXPECT_DOUBLE_EQ(gpu.habit.duty, 0.25);
  EXPECT_EQ(gpu.key("uuid", ""), "GPU-1");
  ASSERT_EQ(gpu.faults.size(), 2u);
  EXPECT_EQ(gpu.faults[0].kind, FaultKind::kLost);
  EXPECT_EQ(gpu.faults[0].to_ns, 12'000'000'000);
  EXPECT_EQ(gpu.faults[1].from_ns, 0);
}

TEST(Scenario, SaysWhichLineIsWrongAndHowToWriteIt) {
  const auto error = [](const char* text) {
    const Result<Scenario> read = Scenario::parse(text);
    return read.ok() ? std::string("read") : read.status().message();
  };
  EXPECT_NE(error("power a 5W\nwatts b\n").find("line 2: a line begins with"), std::string::npos);
  EXPECT_NE(error("power a 5\n").find("line 1: write it as: power"), std::string::npos);
  EXPECT_NE(error("power a 5W 2s\n").find("write it as: power"), std::string::npos);
  EXPECT_NE(error("power a 5W repeat 2s 7W\n").find("write it as: power"), std::string::npos);
  EXPECT_NE(error("power a 5W 2s 6W repeat 1s\n").find("repeats after"), std::string::npos);
  EXPECT_NE(error("meter nvml 0 b\n").find("no power 'b'"), std::string::npos);
  EXPECT_NE(error("power a 5W\nmeter nvml 0 a duty=2\n").find("'duty=2'"), std::string::npos);
  EXPECT_NE(error("power a 5W\nmeter nvml 0 a period=0s\n").find("'period=0s'"), std::string::npos);
  EXPECT_NE(error("fault nvml 0 lost\n").find("no meter nvml 0"), std::string::npos);
  EXPECT_NE(error("fault nvml 0 sad\n").find("denied|failing"), std::string::npos);
}

}  // namespace
}  // namespace headrace::lab

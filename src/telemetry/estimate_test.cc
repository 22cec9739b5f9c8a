#include "telemetry/estimate.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "telemetry/cpu_power.h"
#include "telemetry/readings_for_test.h"
#include "telemetry/tree_for_test.h"

namespace headrace::telemetry {
namespace {

TEST(CpuPower, AKnownPartIsItsDesignPowerByItsCores) {
  const CpuPower p = assume_cpu_power(
      "processor : 0\nmodel name\t: AMD EPYC 7763 64-Core Processor\nsiblings\t: 64\n"
      "cpu cores\t: 64\n");
  EXPECT_DOUBLE_EQ(p.busy_w, 280.0 / 64);
  EXPECT_NE(p.assumption.find("280 W TDP"), std::string::npos) << p.assumption;
  EXPECT_NE(p.assumption.find("within 50 %"), std::string::npos) << p.assumption;
}

TEST(CpuPower, HardwareThreadsShareTheirCoresPower) {
  const CpuPower p = assume_cpu_power(
      "model name : Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz\nsiblings : 40\ncpu cores : 20\n");
  EXPECT_DOUBLE_EQ(p.busy_w, 150.0 / 20 / 2);
  EXPECT_NE(p.assumption.find("2 threads a core"), std::string::npos) << p.assumption;
}

TEST(CpuPower, AnUnknownPartAndNoTextGetTheGenericConstantAndSaySo) {
  for (const char* text : {"model name : AMD EPYC\n", ""}) {
    const CpuPower p = assume_cpu_power(text);
    EXPECT_DOUBLE_EQ(p.busy_w, kGenericCoreWatt);
    EXPECT_NE(p.assumption.find("4.00 W"), std::string::npos) << p.assumption;
    EXPECT_NE(p.assumption.find("within 100 %"), std::string::npos) << p.assumption;
  }
}

TEST(CpuPower, ASiteMaySayItsOwnNumberButNotNonsense) {
  ASSERT_EQ(setenv("HEADRACE_CPU_WATT", "7.5", 1), 0);
  EXPECT_DOUBLE_EQ(assume_cpu_power("").busy_w, 7.5);
  for (const char* bad : {"", "-3", "nan", "7.5W", "1e9"}) {
    ASSERT_EQ(setenv("HEADRACE_CPU_WATT", bad, 1), 0);
    EXPECT_DOUBLE_EQ(assume_cpu_power("").busy_w, kGenericCoreWatt) << bad;
  }
  unsetenv("HEADRACE_CPU_WATT");
}

TEST(Estimate, SaysWhatItIs) {
  const Tree tree;
  tree.write("proc/cpuinfo", "model name : AMD EPYC 9654 96-Core Processor\n");
  Estimate provider(Roots{tree.path("proc"), tree.path("sys")});
  const Probe probe = provider.probe();
  ASSERT_EQ(probe.sensors.size(), 1u);
  const Sensor& s = probe.sensors[0].sensor;
  EXPECT_EQ(s.truth, Truth::kEstimated);
  EXPECT_EQ(s.method, kCpuTimeEstimate);
  EXPECT_EQ(s.unit, "J");
  EXPECT_DOUBLE_EQ(s.scale, 3.75e-9);
  EXPECT_EQ(s.device, "AMD EPYC 9654 96-Core Processor");
  EXPECT_TRUE(sweep(provider, probe).at("estimate.cpu").has_value());
}

}  // namespace
}  // namespace headrace::telemetry

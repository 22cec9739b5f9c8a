#include "telemetry/power_file.h"

#include <gtest/gtest.h>

#include "telemetry/readings_for_test.h"
#include "telemetry/tree_for_test.h"

namespace headrace::telemetry {
namespace {

class PowerFileTest : public testing::Test {
 protected:
  PowerFile provider() {
    return PowerFile(tree_.path("power"), [this] { return now_ns_; });
  }
  Tree tree_;
  int64_t now_ns_ = 1'000'000'000;
};

TEST_F(PowerFileTest, ReadsWhatTheHostSaysAndThatItIsAModelsDivision) {
  tree_.write("power", "# by the host\nnode/cpu-0 100 5000000000\nnode/gpu-0 7 5000000000\n");
  PowerFile provider = this->provider();
  const Probe probe = provider.probe();
  ASSERT_EQ(probe.sensors.size(), 2u);
  const Sensor* cpu = sensor_named(probe, "host.node/cpu-0");
  EXPECT_EQ(cpu->domain, "node/cpu-0");
  EXPECT_EQ(cpu->truth, Truth::kMixed);
  std::vector<Reading> readings(2);
  provider.sweep(readings);
  EXPECT_EQ(readings[0].raw, 100u);
  now_ns_ += 1'500'000'000;
  tree_.write("power", "node/cpu-0 300 6000000000\nnode/gpu-0 7 6000000000\n");
  provider.sweep(readings);
  EXPECT_EQ(readings[0].raw, 300u);
  EXPECT_EQ(readings[0].taken_ns, 2'000'000'000) << "half a second before it was seen";
}

TEST_F(PowerFileTest, HalfALineAMissingFileAndAHostThatStoppedAreGaps) {
  tree_.write("power", "node/cpu-0 100 5000000000\n");
  PowerFile provider = this->provider();
  const Probe probe = provider.probe();
  EXPECT_EQ(sweep(provider, probe).at("host.node/cpu-0"), 100u);
  tree_.write("power", "node/cpu-0 1000 60000");
  EXPECT_FALSE(sweep(provider, probe).at("host.node/cpu-0"));
  std::filesystem::remove(tree_.path("power"));
  EXPECT_FALSE(sweep(provider, probe).at("host.node/cpu-0"));
  tree_.write("power", "node/cpu-0 1000 6000000000\n");
  EXPECT_EQ(sweep(provider, probe).at("host.node/cpu-0"), 1000u);
  now_ns_ += PowerFile::kPatience_ns + 1;
  EXPECT_FALSE(sweep(provider, probe).at("host.node/cpu-0"));
}

TEST_F(PowerFileTest, WhatCannotBeReadIsExplained) {
  EXPECT_NE(PowerFile("").probe().sources[0].detail.find("HEADRACE_POWER_FILE"), std::string::npos);
  EXPECT_NE(provider().probe().sources[0].detail.find("cannot open"), std::string::npos);
  tree_.write("power", "cpu 5\n../x 1 2\n");
  PowerFile nothing = provider();
  const Probe probe = nothing.probe();
  EXPECT_TRUE(probe.sensors.empty());
  EXPECT_NE(probe.sources[0].detail.find("has no line like"), std::string::npos);
}

}  // namespace
}  // namespace headrace::telemetry

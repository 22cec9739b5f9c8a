#include "telemetry/powercap.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "telemetry/estimate.h"
#include "telemetry/readings_for_test.h"
#include "telemetry/tree_for_test.h"

namespace headrace::telemetry {
namespace {

void zone(const Tree& tree, const std::string& id, const std::string& name,
          const std::string& energy_uj) {
  const std::string folder = "class/powercap/" + id;
  tree.write(folder + "/name", name + "\n");
  tree.write(folder + "/energy_uj", energy_uj + "\n");
  tree.write(folder + "/max_energy_range_uj", "262143328850\n");
}

class PowercapTest : public testing::Test {
 protected:
  PowercapTest() {
    zone(tree_, "intel-rapl:0", "package-0", "1000");
    zone(tree_, "intel-rapl:0:0", "core", "400");
    zone(tree_, "intel-rapl:0:1", "dram", "50");
    zone(tree_, "intel-rapl:1", "package-1", "2000");
    zone(tree_, "intel-rapl:1:0", "dram", "60");
    zone(tree_, "intel-rapl:2", "psys", "9000");
    zone(tree_, "intel-rapl-mmio:0", "package-0", "1000");
    tree_.write("class/powercap/intel-rapl/enabled", "1\n");
  }
  Tree tree_;
  Roots roots_{"", tree_.path()};
};

TEST_F(PowercapTest, FindsEveryZoneOnceWithItsDomainAndRange) {
  Powercap provider(roots_);
  const Probe probe = provider.probe();
  ASSERT_EQ(probe.sensors.size(), 6u);
  const Values v = sweep(provider, probe);
  EXPECT_EQ(v.at("rapl.package-0"), 1000);
  EXPECT_EQ(v.at("rapl.package-0.core"), 400);
  EXPECT_EQ(v.at("rapl.package-0.dram"), 50);
  EXPECT_EQ(v.at("rapl.package-1"), 2000);
  EXPECT_EQ(v.at("rapl.package-1.dram"), 60);
  EXPECT_EQ(v.at("rapl.psys"), 9000);
  const auto domain = [&](const char* name) { return sensor_named(probe, name)->domain; };
  EXPECT_EQ(domain("rapl.package-0"), "node/cpu-0");
  EXPECT_EQ(domain("rapl.package-0.core"), "node/cpu-0/core");
  EXPECT_EQ(domain("rapl.package-0.dram"), "node/dram-0");
  EXPECT_EQ(domain("rapl.package-1.dram"), "node/dram-1");
  EXPECT_EQ(domain("rapl.psys"), "node");
  const Sensor* package = sensor_named(probe, "rapl.package-0");
  EXPECT_EQ(package->range, 262143328851u);
  EXPECT_EQ(package->scale, 1e-6);
  EXPECT_EQ(package->unit, "J");
  EXPECT_EQ(package->truth, Truth::kMeasured);
}

TEST_F(PowercapTest, AFailingCounterIsAGap) {
  Powercap provider(roots_);
  const Probe probe = provider.probe();
  tree_.write("class/powercap/intel-rapl:0/energy_uj", "");
  tree_.write("class/powercap/intel-rapl:1/energy_uj", "-5\n");
  const Values v = sweep(provider, probe);
  EXPECT_FALSE(v.at("rapl.package-0").has_value());
  EXPECT_FALSE(v.at("rapl.package-1").has_value());
  EXPECT_EQ(v.at("rapl.package-0.dram"), 50);
}

TEST_F(PowercapTest, NoPermissionIsAReasonNotANumber) {
  const std::string counter = tree_.path("class/powercap/intel-rapl:0/energy_uj");
  std::filesystem::permissions(counter, std::filesystem::perms::none);
  // Root may read everything, so for this test it is nobody.
  std::filesystem::permissions(tree_.path(), std::filesystem::perms(0755));
  const bool root = geteuid() == 0;
  if (root) {
    ASSERT_EQ(seteuid(65534), 0);
  }
  Powercap provider(roots_);
  const Probe probe = provider.probe();
  if (root) {
    ASSERT_EQ(seteuid(0), 0);
  }
  EXPECT_EQ(sensor_named(probe, "rapl.package-0"), nullptr);
  EXPECT_NE(sensor_named(probe, "rapl.package-1"), nullptr);
  EXPECT_NE(probe.sources[0].detail.find("CVE-2020-8694"), std::string::npos)
      << probe.sources[0].detail;
}

TEST_F(PowercapTest, AZoneWithoutACounterIsReported) {
  std::filesystem::remove(tree_.path("class/powercap/intel-rapl:0/energy_uj"));
  Powercap provider(roots_);
  const Probe probe = provider.probe();
  EXPECT_EQ(sensor_named(probe, "rapl.package-0"), nullptr);
  EXPECT_NE(sensor_named(probe, "rapl.package-1"), nullptr);
  EXPECT_TRUE(probe.sources[0].readable);
  EXPECT_NE(probe.sources[0].detail.find("intel-rapl:0/energy_uj"), std::string::npos);
}

TEST_F(PowercapTest, MeasuredEnergyNeedsNoEstimate) {
  EXPECT_TRUE(Powercap(roots_).reads_a_package());
  Estimate estimate(roots_);
  EXPECT_TRUE(estimate.probe().sensors.empty());
}

TEST(Powercap, NoTreeIsExplained) {
  const Tree empty;
  Powercap provider(Roots{"", empty.path()});
  const Probe probe = provider.probe();
  EXPECT_TRUE(probe.sensors.empty());
  ASSERT_EQ(probe.sources.size(), 1u);
  EXPECT_FALSE(probe.sources[0].readable);
  EXPECT_NE(probe.sources[0].detail.find("class/powercap"), std::string::npos);
}

}  // namespace
}  // namespace headrace::telemetry

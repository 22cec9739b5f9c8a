#include "telemetry/hwmon.h"

#include <gtest/gtest.h>

#include "telemetry/hwmon_domain.h"
#include "telemetry/lab_for_test.h"
#include "telemetry/readings_for_test.h"

namespace headrace::telemetry {
namespace {

TEST(Hwmon, GraceFallsOutOfIt) {
  TurnedLab lab(
      "power module 600W 1s 900W\n"
      "power grace 200W\n"
      "meter hwmon 0.power1 module chip=power_meter oem=Module_Power_Socket_0 average=yes "
      "period=50ms\n"
      "meter hwmon 1.power1 grace chip=power_meter oem=Grace_Power_Socket_0 average=yes\n"
      "meter hwmon 2.power1 grace chip=power_meter oem=SysIO_Power_Socket_0 average=yes\n");
  Hwmon provider(lab.roots());
  const Probe probe = provider.probe();
  ASSERT_EQ(probe.sensors.size(), 3u);
  EXPECT_EQ(sensor_named(probe, "hwmon0.power1")->domain, "node/module-0");
  EXPECT_EQ(sensor_named(probe, "hwmon1.power1")->domain, "node/module-0/grace");
  EXPECT_EQ(sensor_named(probe, "hwmon2.power1")->domain, "node/module-0/grace/sysio");
  EXPECT_EQ(sensor_named(probe, "hwmon0.power1")->device, "power_meter Module Power Socket 0");
  EXPECT_EQ(probe.sensors[0].period_ns, 50'000'000);
  EXPECT_FALSE(probe.sources[0].energy) << "powers are no joules";
  lab.turn_to(2);
  EXPECT_EQ(sweep(provider, probe).at("hwmon0.power1"), 900'000'000u);
}

TEST(Hwmon, CountersOfSocketsAreReadAndThoseOfCoresAreNot) {
  TurnedLab lab(
      "power a 90W\n"
      "meter hwmon 3.energy1 a chip=amd_energy label=Ecore000\n"
      "meter hwmon 3.energy65 a chip=amd_energy label=Esocket0 period=1ms\n"
      "fault hwmon 3.energy65 torn 2s 3s\n"
      "fault hwmon 3.energy65 lost 4s\n");
  Hwmon provider(lab.roots());
  const Probe probe = provider.probe();
  ASSERT_EQ(probe.sensors.size(), 1u);
  EXPECT_EQ(probe.sensors[0].sensor.domain, "node/cpu-0");
  EXPECT_TRUE(probe.sources[0].energy);
  lab.turn_to(1);
  EXPECT_EQ(sweep(provider, probe).at("hwmon3.energy65"), lab.drawn_uj("a"));
  lab.turn_to(2.5);
  EXPECT_FALSE(sweep(provider, probe).at("hwmon3.energy65"));
  lab.turn_to(3.5);
  EXPECT_EQ(sweep(provider, probe).at("hwmon3.energy65"), lab.drawn_uj("a"));
  lab.turn_to(4.5);
  EXPECT_FALSE(sweep(provider, probe).at("hwmon3.energy65"));
}

TEST(Hwmon, ARailsPowerIsItsVoltageTimesItsCurrent) {
  const Tree tree;
  tree.write("class/hwmon/hwmon0/name", "ina3221\n");
  tree.write("class/hwmon/hwmon0/in1_label", "VDD_CPU\n");
  tree.write("class/hwmon/hwmon0/in1_input", "5000\n");
  tree.write("class/hwmon/hwmon0/curr1_input", "1200\n");
  tree.write("class/hwmon/hwmon0/temp1_input", "-5000\n");
  Hwmon provider(Roots{"", tree.path()});
  const Probe probe = provider.probe();
  ASSERT_NE(sensor_named(probe, "hwmon0.in1"), nullptr);
  EXPECT_EQ(sensor_named(probe, "hwmon0.in1")->domain, "node/rail-vdd_cpu");
  EXPECT_EQ(sweep(provider, probe).at("hwmon0.in1"), 6'000'000u);
  EXPECT_FALSE(sweep(provider, probe).at("hwmon0.temp1"));
}

TEST(HwmonDomain, KnowsChipsAndKeepsOthersApart) {
  EXPECT_EQ(hwmon_domain({"power_meter", "power1", "", ""}), "node");
  EXPECT_EQ(hwmon_domain({"coretemp", "temp1", "Package id 0", ""}), "node/cpu");
  EXPECT_EQ(hwmon_domain({"coretemp", "temp2", "Core 0", ""}), std::nullopt);
  EXPECT_EQ(hwmon_domain({"amdgpu", "power1", "PPT", ""}), std::nullopt);
  EXPECT_EQ(hwmon_domain({"nvme", "temp1", "Composite", ""}), "node/disk");
  EXPECT_EQ(hwmon_domain({"My Chip", "power2", "", ""}), "node/my-chip/power2");
}

TEST(Hwmon, NoneIsExplained) {
  const Tree empty;
  Hwmon provider(Roots{"", empty.path()});
  const Probe probe = provider.probe();
  EXPECT_FALSE(probe.sources[0].readable);
  EXPECT_NE(probe.sources[0].detail.find("/class/hwmon"), std::string::npos);
}

}  // namespace
}  // namespace headrace::telemetry

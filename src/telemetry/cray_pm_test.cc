#include "telemetry/cray_pm.h"

#include <gtest/gtest.h>

#include "telemetry/lab_for_test.h"
#include "telemetry/readings_for_test.h"

namespace headrace::telemetry {
namespace {

constexpr const char* kBlade =
    "power node 500W 1s 900W\n"
    "power cpu 120W\n"
    "power accel 300W\n"
    "meter cray node node\n"
    "meter cray cpu cpu\n"
    "meter cray accel0 accel\n";

TEST(CrayPm, ReadsEveryPartWithItsDomainAndTheScansPeriod) {
  TurnedLab lab(kBlade);
  CrayPm provider(lab.roots(), [&] { return lab.now_ns(); });
  const Probe probe = provider.probe();
  ASSERT_EQ(probe.sensors.size(), 6u);
  EXPECT_EQ(sensor_named(probe, "cray.energy")->domain, "node");
  EXPECT_EQ(sensor_named(probe, "cray.cpu_energy")->domain, "node/cpu");
  EXPECT_EQ(sensor_named(probe, "cray.accel0_energy")->domain, "node/accel-0");
  EXPECT_EQ(sensor_named(probe, "cray.accel0_power")->quantity, "hw.power");
  EXPECT_EQ(probe.sensors[0].period_ns, 100'000'000);
  EXPECT_EQ(sensor_named(probe, "power_cap"), nullptr);
  lab.turn_to(2);
  const Values v = sweep(provider, probe);
  EXPECT_EQ(v.at("cray.energy"), 1400u);
  EXPECT_EQ(v.at("cray.power"), 900u);
  EXPECT_EQ(v.at("cray.cpu_energy"), 240u);
  EXPECT_EQ(v.at("cray.accel0_energy"), 600u);
}

TEST(CrayPm, WhatANearerSensorMeasuresIsNotBesideIt) {
  TurnedLab lab(std::string(kBlade) +
                "meter powercap package-0 cpu period=1ms\nmeter amd 0 accel period=1ms\n");
  CrayPm provider(lab.roots());
  const Probe probe = provider.probe();
  EXPECT_EQ(sensor_named(probe, "cray.cpu_energy")->domain, "node/board/cpu");
  EXPECT_EQ(sensor_named(probe, "cray.accel0_energy")->domain, "node/board/accel-0");
  EXPECT_EQ(sensor_named(probe, "cray.energy")->domain, "node");
}

// The board's clock stands elsewhere than ours; a scan's time is known to how late we looked at
// best.
TEST(CrayPm, AReadingHasTheTimeOfItsScan) {
  TurnedLab lab(kBlade);
  CrayPm provider(lab.roots(), [&] { return lab.now_ns(); });
  const Probe probe = provider.probe();
  std::vector<Reading> readings(probe.sensors.size());
  for (const double at_s : {1.100, 1.250, 1.390}) {
    lab.turn_to(at_s);
    provider.sweep(readings);
  }
  EXPECT_EQ(readings[0].taken_ns, 1'300'000'000);
}

TEST(CrayPm, AScanDuringTheSweepIsAGapAndOneAfterItIsNot) {
  TurnedLab lab(std::string(kBlade) + "fault cray cpu torn 1s 2s\n");
  CrayPm provider(lab.roots(), [&] { return lab.now_ns(); });
  const Probe probe = provider.probe();
  lab.turn_to(1);
  for (const auto& [name, value] : sweep(provider, probe)) EXPECT_FALSE(value) << name;
  lab.turn_to(2);
  EXPECT_EQ(sweep(provider, probe).at("cray.energy"), 1400u);
}

TEST(CrayPm, ScansThatStopAreAGapAfterTenOfThem) {
  std::string frozen = kBlade;
  for (const char* part : {"node", "cpu", "accel0"}) {
    frozen += std::string("fault cray ") + part + " frozen 1s\n";
  }
  TurnedLab lab(frozen);
  CrayPm provider(lab.roots(), [&] { return lab.now_ns(); });
  const Probe probe = provider.probe();
  lab.turn_to(1);
  EXPECT_EQ(sweep(provider, probe).at("cray.energy"), 500u);
  lab.turn_to(1.9);
  EXPECT_EQ(sweep(provider, probe).at("cray.energy"), 500u);
  lab.turn_to(2.1);
  EXPECT_FALSE(sweep(provider, probe).at("cray.energy"));
}

TEST(CrayPm, NoBladeIsExplained) {
  TurnedLab lab("power a 1W\n");
  CrayPm provider(lab.roots());
  const Probe probe = provider.probe();
  EXPECT_FALSE(probe.sources[0].readable);
  EXPECT_NE(probe.sources[0].detail.find("/cray/pm_counters"), std::string::npos);
}

}  // namespace
}  // namespace headrace::telemetry

// What the kernel counts of use beside /proc: cgroups, pressure, Lustre.
#include <gtest/gtest.h>

#include "telemetry/cgroup.h"
#include "telemetry/lab_for_test.h"
#include "telemetry/lustre.h"
#include "telemetry/pressure.h"
#include "telemetry/readings_for_test.h"

namespace headrace::telemetry {
namespace {

// "Watts" of these traces are busy CPUs, stalled time, megabytes a second.

TEST(Cgroup, Version2CountsCpuTimeAndMemory) {
  TurnedLab lab(
      "power busy 3W\n"
      "meter cgroup job busy version=2 path=/slurm/job_7 period=1ms\n"
      "fault cgroup job failing 3s\n");
  Cgroup provider(lab.roots());
  const Probe probe = provider.probe();
  ASSERT_EQ(probe.sensors.size(), 3u) << probe.sources[0].detail;
  EXPECT_EQ(sensor_named(probe, "cgroup.cpu_time")->device, "/slurm/job_7");
  lab.turn_to(2);
  EXPECT_EQ(sweep(provider, probe).at("cgroup.cpu_time"), 6'000'000u);
  EXPECT_EQ(sweep(provider, probe).at("cgroup.throttled"), 1500u);
  EXPECT_EQ(sweep(provider, probe).at("cgroup.memory"), 3'000'000u);
  lab.turn_to(3);
  for (const auto& [name, value] : sweep(provider, probe)) EXPECT_FALSE(value) << name;
}

TEST(Cgroup, Version1CountsThemInItsOwnTrees) {
  TurnedLab lab("power busy 3W\nmeter cgroup job busy version=1 path=/job_7 period=1ms\n");
  Cgroup provider(lab.roots());
  const Probe probe = provider.probe();
  ASSERT_EQ(probe.sensors.size(), 2u) << probe.sources[0].detail;
  lab.turn_to(2);
  EXPECT_EQ(sweep(provider, probe).at("cgroup.cpu_time"), 6'000'000'000u);
  EXPECT_DOUBLE_EQ(sensor_named(probe, "cgroup.cpu_time")->scale, 1e-9);
}

TEST(Cgroup, APathThatOnlyTheHostHasIsTheContainersRoot) {
  const Tree tree;
  tree.write("self/cgroup", "0::/docker/abc\n");
  tree.write("fs/cgroup/cpu.stat", "usage_usec 77\n");
  Cgroup provider(Roots{tree.path(), tree.path()});
  const Probe probe = provider.probe();
  EXPECT_EQ(sweep(provider, probe).at("cgroup.cpu_time"), 77u);
  EXPECT_FALSE(sweep(provider, probe).at("cgroup.throttled")) << "what is not there is a gap";
}

TEST(Pressure, CountsHowLongTasksWaited) {
  TurnedLab lab(
      "power waits 0.25W\nmeter pressure io waits period=1ms\nfault pressure io torn 5s\n");
  Pressure provider(lab.roots());
  const Probe probe = provider.probe();
  ASSERT_EQ(probe.sensors.size(), 2u);
  lab.turn_to(4);
  EXPECT_EQ(sweep(provider, probe).at("pressure.io.some"), 1'000'000u);
  EXPECT_EQ(sweep(provider, probe).at("pressure.io.full"), 500'000u);
  lab.turn_to(5);
  EXPECT_FALSE(sweep(provider, probe).at("pressure.io.full"));
}

TEST(Lustre, CountsBytesOfEveryMount) {
  TurnedLab lab(
      "power io 100W\nmeter lustre scratch-ffff8881 io period=1ms\n"
      "fault lustre scratch-ffff8881 torn 3s\n");
  Lustre provider(lab.roots());
  const Probe probe = provider.probe();
  ASSERT_EQ(probe.sensors.size(), 3u);
  lab.turn_to(2);
  EXPECT_EQ(sweep(provider, probe).at("lustre.scratch.read"), 200'000'000u);
  EXPECT_EQ(sweep(provider, probe).at("lustre.scratch.write"), 100'000'000u);
  EXPECT_EQ(sweep(provider, probe).at("lustre.scratch.opens"), 2000u);
  lab.turn_to(3);
  for (const auto& [name, value] : sweep(provider, probe)) EXPECT_FALSE(value) << name;
}

}  // namespace
}  // namespace headrace::telemetry

#include "telemetry/proc_node.h"

#include <gtest/gtest.h>

#include "telemetry/readings_for_test.h"
#include "telemetry/tree_for_test.h"

namespace headrace::telemetry {
namespace {

class ProcNodeTest : public testing::Test {
 protected:
  ProcNodeTest() {
    tree_.write("proc/stat", "cpu  100 20 30 4000 5 6 7 8 9 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n");
    tree_.write("proc/meminfo",
                "MemTotal:       24000000 kB\nMemFree:  1000 kB\nMemAvailable:   2000 kB\n"
                "Buffers: 7 kB\nCached:  3000 kB\nSwapCached: 9 kB\nSwapFree:  4000 kB\n");
    tree_.write("proc/loadavg", "1.34 3.01 2.11 4/113 24805\n");
    tree_.write("proc/diskstats",
                "   8       0 sda 10 1 200 40 20 2 600 80 0 90 120 0 0 0 0\n"
                "   8       1 sda1 9 1 100 40 20 2 500 80 0 90 120\n"
                "   7       0 loop0 9 1 100 40 20 2 500 80 0 90 120\n"
                " 259       0 nvme0n1 1 0 2 3 4 5 6 7 8 9 10\n"
                " 253       0 dm-0 1 0 2 3 4 5 6 7 8 9 10\n");
    tree_.write("proc/self/net/dev",
                "Inter-|   Receive  |  Transmit\n face |bytes packets errs drop fifo frame "
                "compressed multicast|bytes packets\n"
                "    lo: 5 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0\n"
                "  eth0:12345 10 0 0 0 0 0 0 678 9 0 0 0 0 0 0\n");
  }
  Tree tree_;
  ProcNode provider_{Roots{tree_.path("proc"), tree_.path("sys")}};
};

TEST_F(ProcNodeTest, ReadsWhatTheKernelSays) {
  const Probe probe = provider_.probe();
  const Values v = sweep(provider_, probe);
  EXPECT_EQ(v.at("cpu.user"), 120);
  EXPECT_EQ(v.at("cpu.system"), 43);
  EXPECT_EQ(v.at("cpu.idle"), 4000);
  EXPECT_EQ(v.at("cpu.iowait"), 5);
  EXPECT_EQ(v.at("cpu.steal"), 8);
  EXPECT_EQ(v.at("memory.total"), 24000000);
  EXPECT_EQ(v.at("memory.available"), 2000);
  EXPECT_EQ(v.at("memory.cached"), 3000);
  EXPECT_EQ(v.at("memory.swap_free"), 4000);
  EXPECT_EQ(v.at("load.1m"), 134);
  EXPECT_EQ(v.at("load.runnable"), 4);
  EXPECT_EQ(v.at("disk.sda.read"), 200);
  EXPECT_EQ(v.at("disk.sda.write"), 600);
  EXPECT_EQ(v.at("disk.sda.busy"), 90);
  EXPECT_EQ(v.at("net.eth0.received"), 12345);
  EXPECT_EQ(v.at("net.eth0.sent"), 678);
  for (const auto& [name, value] : v) EXPECT_TRUE(value.has_value()) << name;
  EXPECT_EQ(sensor_named(probe, "disk.sda.read")->scale, 512);
  EXPECT_EQ(sensor_named(probe, "memory.total")->scale, 1024);
  EXPECT_TRUE(probe.sources[0].detail.empty()) << probe.sources[0].detail;
}

TEST_F(ProcNodeTest, CountsWholeDisksOnceAndNoLoopback) {
  const Probe probe = provider_.probe();
  EXPECT_NE(sensor_named(probe, "disk.nvme0n1.read"), nullptr);
  EXPECT_EQ(sensor_named(probe, "disk.sda1.read"), nullptr);
  EXPECT_EQ(sensor_named(probe, "disk.loop0.read"), nullptr);
  EXPECT_EQ(sensor_named(probe, "disk.dm-0.read"), nullptr);
  EXPECT_EQ(sensor_named(probe, "net.lo.sent"), nullptr);
}

TEST_F(ProcNodeTest, FollowsChangesUnderItsOpenFiles) {
  const Probe probe = provider_.probe();
  sweep(provider_, probe);
  tree_.write("proc/stat", "cpu  200 0 0 1 1 1 1 1\n");
  tree_.write("proc/self/net/dev", "h\nh\n eth0: 99999 10 0 0 0 0 0 0 70000 9 0 0 0 0 0 0\n");
  const Values v = sweep(provider_, probe);
  EXPECT_EQ(v.at("cpu.user"), 200);
  EXPECT_EQ(v.at("net.eth0.received"), 99999);
}

TEST_F(ProcNodeTest, WhatItCannotReadIsAGapNeverANumber) {
  const Probe probe = provider_.probe();
  tree_.write("proc/stat", "cpu  200 0 zero 1 1 1 1 1\n");
  tree_.write("proc/meminfo", "MemTotal: many kB\n");
  tree_.write("proc/loadavg", "");
  tree_.write("proc/diskstats", "   8       0 sda 10 1 20\n");
  tree_.write("proc/self/net/dev", "eth0: 99999 10\n");
  for (const auto& [name, value] : sweep(provider_, probe)) EXPECT_FALSE(value.has_value()) << name;
}

TEST(ProcNode, AMissingTreeGivesGapsAndSaysWhichFile) {
  const Tree empty;
  ProcNode provider{Roots{empty.path("proc"), empty.path("sys")}};
  const Probe probe = provider.probe();
  for (const auto& [name, value] : sweep(provider, probe)) EXPECT_FALSE(value.has_value()) << name;
  EXPECT_NE(probe.sources[0].detail.find("/meminfo"), std::string::npos);
}

TEST(ProcNode, ReadsThisMachine) {
  ProcNode provider{Roots{}};
  const Probe probe = provider.probe();
  const Values v = sweep(provider, probe);
  EXPECT_GT(v.at("memory.total").value_or(0), 0u);
  EXPECT_GT(v.at("cpu.user").value_or(0), 0u);
}

}  // namespace
}  // namespace headrace::telemetry

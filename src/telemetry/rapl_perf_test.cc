#include "telemetry/rapl_perf.h"

#include <gtest/gtest.h>

#include "telemetry/tree_for_test.h"

namespace headrace::telemetry {
namespace {

TEST(RaplPerf, ReadsWhatTheKernelSaysOfAnEvent) {
  const auto event = parse_rapl_event("event=0x02\n", "2.3283064365386962890625e-10\n");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->config, 2u);
  EXPECT_DOUBLE_EQ(event->joules_per_step, 0x1p-32);
  EXPECT_FALSE(parse_rapl_event("umask=0x02\n", "1\n"));
  EXPECT_FALSE(parse_rapl_event("event=0xzz\n", "1\n"));
  EXPECT_FALSE(parse_rapl_event("event=0x02\n", "none\n"));
  EXPECT_FALSE(parse_rapl_event("event=0x02\n", ""));
}

TEST(RaplPerf, ReadsListsOfCpus) {
  EXPECT_EQ(parse_cpu_list("0,64\n"), (std::vector<int>{0, 64}));
  EXPECT_EQ(parse_cpu_list("0-2,8\n"), (std::vector<int>{0, 1, 2, 8}));
  EXPECT_TRUE(parse_cpu_list("\n").empty());
  EXPECT_TRUE(parse_cpu_list("0-99999999").empty());
}

TEST(RaplPerf, NoEventsAreExplained) {
  const Tree empty;
  const Probe none = RaplPerf(Roots{"", empty.path()}).probe();
  EXPECT_NE(none.sources[0].detail.find("event_source/devices/power"), std::string::npos);

  // A kind of event that no kernel has: it refuses, and that is said.
  const Tree tree;
  const std::string power = "bus/event_source/devices/power/";
  tree.write(power + "type", "1000000\n");
  tree.write(power + "cpumask", "0\n");
  tree.write(power + "events/energy-pkg", "event=0x02\n");
  tree.write(power + "events/energy-pkg.scale", "2.3283064365386962890625e-10\n");
  tree.write("devices/system/cpu/cpu0/topology/physical_package_id", "0\n");
  const Probe refused = RaplPerf(Roots{"", tree.path()}).probe();
  EXPECT_FALSE(refused.sources[0].readable);
  EXPECT_NE(refused.sources[0].detail.find("cannot open the event energy-pkg of CPU 0"),
            std::string::npos)
      << refused.sources[0].detail;
}

TEST(RaplPerf, IsNotNeededBesidePowercap) {
  const Tree tree;
  tree.write("class/powercap/intel-rapl:0/name", "package-0\n");
  tree.write("class/powercap/intel-rapl:0/energy_uj", "5\n");
  const Probe probe = RaplPerf(Roots{"", tree.path()}).probe();
  EXPECT_TRUE(probe.sensors.empty());
  EXPECT_NE(probe.sources[0].detail.find("not needed"), std::string::npos);
}

}  // namespace
}  // namespace headrace::telemetry

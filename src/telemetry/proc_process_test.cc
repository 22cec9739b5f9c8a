#include "telemetry/proc_process.h"

#include <gtest/gtest.h>

#include "telemetry/readings_for_test.h"
#include "telemetry/tree_for_test.h"

namespace headrace::telemetry {
namespace {

constexpr const char* kStat =
    "42 (a ) b (c) S 1 42 42 0 -1 4194560 100 0 77 0 5 6 0 0 20 0 13 0 100 1000 10\n";

TEST(ProcProcess, ReadsWhatTheKernelSays) {
  const Tree tree;
  tree.write("self/statm", "5000 1234 300 1 0 400 0\n");
  tree.write("self/stat", kStat);
  tree.write("self/io",
             "rchar: 11\nwchar: 22\nsyscr: 1\nsyscw: 1\nread_bytes: 33\nwrite_bytes: 44\n"
             "cancelled_write_bytes: 0\n");
  ProcProcess provider{Roots{tree.path(), ""}};
  const Probe probe = provider.probe();
  const Values v = sweep(provider, probe);
  EXPECT_EQ(v.at("process.memory"), 1234);
  EXPECT_EQ(v.at("process.threads"), 13);
  EXPECT_EQ(v.at("process.major_faults"), 77);
  EXPECT_EQ(v.at("process.io.read"), 11);
  EXPECT_EQ(v.at("process.io.write"), 22);
  EXPECT_EQ(v.at("process.disk.read"), 33);
  EXPECT_EQ(v.at("process.disk.write"), 44);
  EXPECT_GT(v.at("process.cpu_time").value_or(0), 0u);
  EXPECT_TRUE(probe.sources[0].detail.empty());
}

TEST(ProcProcess, WhatItCannotReadIsAGapAndTheRestGoesOn) {
  const Tree tree;
  tree.write("self/stat", "42 (cut off");
  tree.write("self/io", "rchar: lots\n");
  ProcProcess provider{Roots{tree.path(), ""}};
  const Probe probe = provider.probe();
  const Values v = sweep(provider, probe);
  EXPECT_TRUE(v.at("process.cpu_time").has_value());
  EXPECT_FALSE(v.at("process.memory").has_value());
  EXPECT_FALSE(v.at("process.threads").has_value());
  EXPECT_FALSE(v.at("process.io.read").has_value());
  EXPECT_NE(probe.sources[0].detail.find("statm"), std::string::npos);
}

TEST(ProcProcess, CpuTimeGrowsWithWork) {
  ProcProcess provider{Roots{}};
  const Probe probe = provider.probe();
  const uint64_t before = sweep(provider, probe).at("process.cpu_time").value_or(0);
  volatile uint64_t work = 0;
  for (int i = 0; i < 1'000'000; ++i) work = work + 1;
  const Values v = sweep(provider, probe);
  EXPECT_GT(v.at("process.cpu_time").value_or(0), before);
  EXPECT_GE(v.at("process.threads").value_or(0), 1u);
}

}  // namespace
}  // namespace headrace::telemetry

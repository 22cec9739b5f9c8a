#include "energy/domain_tree.h"

#include <cstdio>
#include <gtest/gtest.h>
#include <set>

#include "energy/domain_name.h"

namespace headrace::energy {
namespace {

constexpr int64_t kSecond_ns = 1'000'000'000;

// A counter of constant power with a knot each `step_ns`, from `from_s` to `to_s`.
Timeline line(double power_w, int from_s = 0, int to_s = 100, int64_t step_ns = kSecond_ns) {
  std::vector<Timeline::Knot> knots;
  for (int64_t at_ns = from_s * kSecond_ns; at_ns <= to_s * kSecond_ns; at_ns += step_ns) {
    const int64_t since_ns = at_ns - from_s * kSecond_ns;
    knots.push_back({at_ns, static_cast<int64_t>(power_w * static_cast<double>(since_ns) * 1e-3),
                     since_ns, 0, 0, 0});
  }
  return Timeline(std::move(knots));
}

// One host's domains as the store's reader would mark them.
std::vector<CountedDomain> host(const std::vector<std::pair<std::string, Timeline>>& domains) {
  std::set<std::string> names;
  for (const auto& [name, timeline] : domains) names.insert(name);
  std::vector<CountedDomain> out;
  for (const auto& [name, timeline] : domains) {
    out.push_back({"h", name, 1, "measured", is_divided(name, names), timeline});
  }
  return out;
}

std::string drawn(const std::vector<CountedDomain>& counted) {
  std::string out;
  for (const DomainNode& node : domain_tree(counted)) {
    char line[200];
    std::snprintf(line, sizeof line, "%s < %s %s %.0f J", counted[node.counted].domain.c_str(),
                  node.parent.c_str(), std::string(name_of(node.role)).c_str(),
                  static_cast<double>(node.measured_uj) * 1e-6);
    out += line;
    EXPECT_EQ(node.has_children ? node.children_uj + node.other_uj + node.uncompared_uj
                                : node.measured_uj,
              node.measured_uj);
    if (node.has_children) {
      std::snprintf(
          line, sizeof line, " = %.0f + %.0f + %.0f%s",
          static_cast<double>(node.children_uj) * 1e-6, static_cast<double>(node.other_uj) * 1e-6,
          static_cast<double>(node.uncompared_uj) * 1e-6, node.inconsistent ? " inconsistent" : "");
      out += line;
    }
    out += "\n";
  }
  return out;
}

TEST(DomainTree, ACrayBladeLeavesWhatNobodyMeasures) {
  EXPECT_EQ(drawn(host({{"node", line(1000)},
                        {"node/cpu", line(200)},
                        {"node/memory", line(50)},
                        {"node/accel-0", line(300)},
                        {"node/accel-1", line(250)}})),
            "node <  whole 100000 J = 80000 + 20000 + 0\n"
            "node/accel-0 < node divided 30000 J\n"
            "node/accel-1 < node divided 25000 J\n"
            "node/cpu < node divided 20000 J\n"
            "node/memory < node divided 5000 J\n");
}

TEST(DomainTree, APlatformHoldsPackagesAndThoseTheirCores) {
  EXPECT_EQ(drawn(host({{"node", line(300)},
                        {"node/cpu-0", line(100)},
                        {"node/cpu-0/core", line(70)},
                        {"node/cpu-0/uncore", line(10)},
                        {"node/cpu-1", line(110)},
                        {"node/dram-0", line(20, 0, 100, 250'000'000)},
                        {"node/gpu-0/mig-1", line(5)}})),
            "node <  whole 30000 J = 23000 + 7000 + 0\n"
            "node/cpu-0 < node divided 10000 J = 8000 + 2000 + 0\n"
            "node/cpu-0/core < node/cpu-0 part 7000 J\n"
            "node/cpu-0/uncore < node/cpu-0 part 1000 J\n"
            "node/cpu-1 < node divided 11000 J\n"
            "node/dram-0 < node divided 2000 J\n"
            "node/gpu-0/mig-1 < node check 500 J\n");
}

TEST(DomainTree, WhatABoardCountsForAllPackagesIsNotAddedToThem) {
  EXPECT_EQ(drawn(host({{"node/cpu", line(230)},
                        {"node/cpu-0", line(100)},
                        {"node/cpu-1", line(110)},
                        {"node/dram-0", line(20)},
                        {"node/memory", line(25)}})),
            "node/cpu <  whole 23000 J = 21000 + 2000 + 0\n"
            "node/cpu-0 < node/cpu divided 10000 J\n"
            "node/cpu-1 < node/cpu divided 11000 J\n"
            "node/dram-0 < node/memory divided 2000 J\n"
            "node/memory <  whole 2500 J = 2000 + 500 + 0\n");
}

TEST(DomainTree, WhatTheBoardMeasuresAgainIsInNoSum) {
  EXPECT_EQ(drawn(host({{"node", line(500)},
                        {"node/board/accel-0", line(310)},
                        {"node/cpu-0", line(100)},
                        {"node/gpu-amd-0", line(300)}})),
            "node <  whole 50000 J = 40000 + 10000 + 0\n"
            "node/board/accel-0 < node check 31000 J\n"
            "node/cpu-0 < node divided 10000 J\n"
            "node/gpu-amd-0 < node divided 30000 J\n");
}

TEST(DomainTree, ChildrenThatCountMoreThanTheirParentAreInconsistent) {
  // 4 % more is what sensors may differ by; 20 % is not.
  EXPECT_EQ(drawn(host({{"node", line(500)}, {"node/cpu-0", line(520)}})),
            "node <  whole 50000 J = 52000 + -2000 + 0\n"
            "node/cpu-0 < node divided 52000 J\n");
  EXPECT_EQ(drawn(host({{"node", line(500)}, {"node/cpu-0", line(600)}})),
            "node <  whole 50000 J = 60000 + -10000 + 0 inconsistent\n"
            "node/cpu-0 < node divided 60000 J\n");
}

TEST(DomainTree, OnlyWhatIsKnownOfAllIsCompared) {
  // The GPU was found 40 s late, and the platform's counter began anew from second 60 to 61.
  std::vector<Timeline::Knot> knots = line(500).knots();
  for (size_t i = 61; i < knots.size(); ++i) {
    knots[i].value -= 500'000'000;
    knots[i].covered_ns -= kSecond_ns;
  }
  knots[61].gaps = static_cast<uint16_t>(Gap::kReset);
  const auto counted = host(
      {{"node", Timeline(knots)}, {"node/cpu-0", line(100)}, {"node/gpu-0", line(300, 40, 100)}});
  EXPECT_EQ(drawn(counted),
            "node <  whole 49500 J = 23600 + 5900 + 20000\n"
            "node/cpu-0 < node divided 10000 J\n"
            "node/gpu-0 < node divided 18000 J\n");
  const DomainNode node = domain_tree(counted)[0];
  EXPECT_EQ(name_of(Gap{node.gaps}), "reset");
  EXPECT_NEAR(node.coverage, 0.99, 1e-9);
}

TEST(DomainTree, HostsAreApart) {
  std::vector<CountedDomain> counted = host({{"node", line(500)}, {"node/cpu-0", line(100)}});
  counted.push_back({"other", "node/cpu-0", 2, "measured", true, line(100)});
  const std::vector<DomainNode> nodes = domain_tree(counted);
  ASSERT_EQ(nodes.size(), 3u);
  EXPECT_EQ(nodes[0].children_uj, 10'000'000'000);
  EXPECT_EQ(nodes[2].parent, "");
}

TEST(DomainName, SaysWhatAThingCanDraw) {
  EXPECT_EQ(most_w("node/accel-3"), 2500);
  EXPECT_EQ(most_w("node/board/accel-3"), 2500);
  EXPECT_EQ(most_w("node/memory"), 500);
  EXPECT_EQ(most_w("node"), 20'000);
  EXPECT_TRUE(is_processor_side("node/memory"));
  EXPECT_FALSE(is_processor_side("node/accel-0"));
}

}  // namespace
}  // namespace headrace::energy

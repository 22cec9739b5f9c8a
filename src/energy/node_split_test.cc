#include "energy/node_split.h"

#include <gtest/gtest.h>
#include <random>

namespace headrace::energy {
namespace {

constexpr int64_t kS = 1'000'000'000;

// Straight from 0 at `from_s` to `value` at `to_s`, with a knot every second.
Timeline line(int64_t from_s, int64_t to_s, int64_t value) {
  std::vector<Timeline::Knot> knots;
  for (int64_t s = from_s; s <= to_s; ++s) {
    knots.push_back({s * kS, value * (s - from_s) / (to_s - from_s), (s - from_s) * kS});
  }
  return Timeline(std::move(knots));
}
std::vector<ProcessUse> processes(std::vector<Timeline> cpu) {
  std::vector<ProcessUse> out;
  for (Timeline& one : cpu) out.emplace_back().cpu_ns = std::move(one);
  return out;
}

TEST(SplitProcessor, DividesByCpuTimeWithOthersAndIdlingBeside) {
  // 100 J in 10 s on two CPUs: 7 and 3 s of ours, 2 s of others, 8 s idle.
  const Timeline node = line(0, 10, 100'000'000);
  auto uses = processes({line(0, 10, 7 * kS), line(0, 10, 3 * kS)});
  const NodeRest rest = split_processor(node, {line(0, 10, 12 * kS), line(0, 10, 8 * kS)}, uses);
  const double joule_per_s = 100e6 / (12 + kIdleShare * 8);
  EXPECT_NEAR(static_cast<double>(uses[0].part.total()), 7 * joule_per_s, 20);
  EXPECT_NEAR(static_cast<double>(uses[1].part.total()), 3 * joule_per_s, 20);
  EXPECT_NEAR(static_cast<double>(rest.others), 2 * joule_per_s, 20);
  EXPECT_NEAR(static_cast<double>(rest.idle.total()), kIdleShare * 8 * joule_per_s, 20);
  EXPECT_EQ(uses[0].part.total() + uses[1].part.total() + rest.others + rest.idle.total(),
            100'000'000);
  EXPECT_TRUE(uses[0].shared);
}

TEST(SplitProcessor, WithoutTheNodesBooksTheRecordedProcessesAreAllThereIs) {
  auto uses = processes({line(0, 10, 7 * kS), line(0, 10, 3 * kS)});
  const NodeRest rest = split_processor(line(0, 10, 1000), {}, uses);
  EXPECT_EQ(uses[0].part.total(), 700);
  EXPECT_EQ(uses[1].part.total(), 300);
  EXPECT_EQ(rest.others, 0);
}

TEST(SplitProcessor, AProcessThatWorksElsewhenGetsNothing) {
  auto uses = processes({line(0, 4, 4 * kS), line(6, 10, 4 * kS)});
  const NodeRest rest = split_processor(line(0, 10, 1000), {}, uses);
  EXPECT_EQ(uses[0].part.total(), 400);
  EXPECT_EQ(uses[1].part.total(), 400);
  EXPECT_EQ(uses[1].part.begin_ns(), 6 * kS);
  // No CPU time was used between them: idle.
  EXPECT_EQ(rest.idle.total() + rest.others, 200);
}

TEST(SplitDevice, BelongsToItsOnlyProcess) {
  auto uses = processes({line(2, 8, 1 * kS)});
  const NodeRest rest = split_device(line(0, 10, 1000), {}, uses);
  EXPECT_EQ(uses[0].part.total(), 600);
  EXPECT_FALSE(uses[0].shared);
  EXPECT_EQ(rest.others, 400);
}

TEST(SplitDevice, SeveralDivideItAndSaySo) {
  auto uses = processes({line(0, 10, 3 * kS), line(0, 10, 1 * kS)});
  split_device(line(0, 10, 1000), {}, uses);
  EXPECT_EQ(uses[0].part.total(), 750);
  EXPECT_EQ(uses[1].part.total(), 250);
  EXPECT_TRUE(uses[0].shared);
  EXPECT_TRUE(uses[1].shared);
}

TEST(SplitDevice, SeveralDivideItByTheirTimeOnItWhereAllTellThat) {
  auto uses = processes({line(0, 10, 3 * kS), line(0, 10, 1 * kS)});
  uses[0].tells_device = uses[1].tells_device = true;
  uses[0].device_ns = line(0, 10, 2 * kS);
  uses[1].device_ns = line(0, 10, 6 * kS);
  split_device(line(0, 10, 1000), {}, uses);
  EXPECT_EQ(uses[0].part.total(), 250);
  EXPECT_EQ(uses[1].part.total(), 750);
  EXPECT_TRUE(uses[0].shared);
  EXPECT_FALSE(uses[0].by_cpu || uses[1].by_cpu);
  // One that does not tell it, and all are divided by CPU time; so is a window in which none was
  // busy.
  for (const bool tells : {true, false}) {
    auto some = processes({line(0, 10, 3 * kS), line(0, 10, 1 * kS)});
    some[0].tells_device = true;
    some[1].tells_device = tells;
    split_device(line(0, 10, 1000), {}, some);
    EXPECT_EQ(some[0].part.total(), 750) << tells;
    EXPECT_TRUE(some[0].by_cpu && some[1].by_cpu);
  }
}

TEST(SplitDevice, OutOfUseItIsIdleWhoeverIsThere) {
  auto uses = processes({line(0, 10, 1 * kS)});
  const std::vector<DeviceUse> use{{0, false}, {4 * kS + 1, true}, {7 * kS, false}};
  const NodeRest rest = split_device(line(0, 10, 1000), use, uses);
  EXPECT_EQ(rest.idle.total(), 700);  // seconds 0 to 4 and 7 to 10
  EXPECT_EQ(uses[0].part.total(), 300);
}

TEST(Split, EveryWindowAddsUpToTheMicroJoule) {
  std::mt19937_64 random(3);
  const auto number = [&](uint64_t below) { return static_cast<int64_t>(random() % below); };
  for (int round = 0; round < 200; ++round) {
    std::vector<Timeline::Knot> knots{{0, 0, 0}};
    for (int k = 0; k < 20; ++k) {
      const int64_t length = 1 + number(3 * kS);
      knots.push_back({knots.back().at_ns + length, knots.back().value + number(1000),
                       knots.back().covered_ns + length});
    }
    const Timeline node(knots);
    std::vector<Timeline> cpu;
    for (int p = 0; p < 5; ++p) {
      const int64_t from = number(20);
      cpu.push_back(line(from, from + 1 + number(20), number(20) * kS));
    }
    for (const bool processor : {true, false}) {
      auto uses = processes(cpu);
      const NodeRest rest =
          processor
              ? split_processor(node, {line(0, 40, 60 * kS), line(0, 40, 20 * kS)}, uses)
              : split_device(node, std::vector<DeviceUse>{{7 * kS, false}, {20 * kS, true}}, uses);
      int64_t sum = rest.others + rest.idle.total();
      for (const ProcessUse& one : uses) sum += one.part.total();
      ASSERT_EQ(sum, node.total()) << round;
    }
  }
}

}  // namespace
}  // namespace headrace::energy

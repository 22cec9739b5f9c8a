#include "energy/self_energy.h"

#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <set>

namespace headrace::energy {
namespace {

constexpr int64_t kS = 1'000'000'000;

// 1 W (1,000,000 micro-joules a second) from 0 to 100 s, with a knot every second.
Timeline one_watt() {
  std::vector<Timeline::Knot> knots;
  for (int64_t s = 0; s <= 100; ++s) knots.push_back({s * kS, s * 1'000'000, s * kS});
  return Timeline(std::move(knots));
}
SelfEnergy divided(const Timeline& timeline, const std::vector<TaskSpan>& tasks,
                   DivideOptions options = {}) {
  return divide(timeline, tasks, order_events(tasks), 1, options);
}

TEST(SelfEnergy, OneTaskGetsWhatWasCountedMeanwhile) {
  const SelfEnergy e = divided(one_watt(), {{10 * kS, 15 * kS, kNoTask}});
  EXPECT_EQ(e.tasks[0].self, 5'000'000);
  EXPECT_DOUBLE_EQ(e.tasks[0].window, 5e6);
  EXPECT_DOUBLE_EQ(e.tasks[0].covered_ns, 5.0 * kS);
  EXPECT_EQ(e.rest, 95'000'000);
}

TEST(SelfEnergy, EdgesWithinAWindowAreInterpolated) {
  const SelfEnergy e = divided(one_watt(), {{kS / 4, kS / 2, kNoTask}});
  EXPECT_EQ(e.tasks[0].self, 250'000);
  EXPECT_DOUBLE_EQ(e.tasks[0].own_s, 0.25);
  EXPECT_DOUBLE_EQ(e.tasks[0].window_s, 1);
  EXPECT_GT(std::sqrt(e.tasks[0].variance), 0.5 * 250'000) << "nothing tells whose the second was";
}

TEST(SelfEnergy, AParentGetsOnlyWhatItsChildrenLeave) {
  const SelfEnergy e = divided(
      one_watt(),
      {{0, 10 * kS, kNoTask}, {1 * kS, 3 * kS, 0}, {3 * kS, 7 * kS, 0}, {4 * kS, 5 * kS, 2}});
  EXPECT_EQ(e.tasks[0].self, 4'000'000);
  EXPECT_EQ(e.tasks[1].self, 2'000'000);
  EXPECT_EQ(e.tasks[2].self, 3'000'000);
  EXPECT_EQ(e.tasks[3].self, 1'000'000);
  EXPECT_DOUBLE_EQ(e.tasks[0].window, 10e6);
}

TEST(SelfEnergy, TasksSideBySideShareEqually) {
  const SelfEnergy e = divided(one_watt(), {{0, 4 * kS, kNoTask}, {2 * kS, 6 * kS, kNoTask}});
  EXPECT_EQ(e.tasks[0].self, 3'000'000);
  EXPECT_EQ(e.tasks[1].self, 3'000'000);
  EXPECT_DOUBLE_EQ(e.tasks[1].window, 4e6);
  EXPECT_EQ(e.rest, 94'000'000);
}

TEST(SelfEnergy, ChildrenInThreadsShareAndTheirParentWaits) {
  const SelfEnergy e =
      divided(one_watt(), {{0, 10 * kS, kNoTask}, {0, 10 * kS, 0}, {0, 5 * kS, 0}});
  EXPECT_EQ(e.tasks[0].self, 0);
  EXPECT_EQ(e.tasks[1].self, 7'500'000);
  EXPECT_EQ(e.tasks[2].self, 2'500'000);
}

TEST(SelfEnergy, AChildMayOutliveItsParent) {
  const SelfEnergy e = divided(one_watt(), {{0, 2 * kS, kNoTask}, {1 * kS, 5 * kS, 0}});
  EXPECT_EQ(e.tasks[0].self, 1'000'000);
  EXPECT_EQ(e.tasks[1].self, 4'000'000);
}

TEST(SelfEnergy, WhatEndsAsItBeganTakesNothing) {
  const SelfEnergy e = divided(one_watt(), {{5 * kS, 5 * kS, kNoTask}, {0, 10 * kS, kNoTask}});
  EXPECT_EQ(e.tasks[0].self, 0);
  EXPECT_EQ(e.tasks[1].self, 10'000'000);
}

TEST(SelfEnergy, OutsideTheTimelineNothingIsCounted) {
  const SelfEnergy e =
      divided(one_watt(), {{-50 * kS, 1 * kS, kNoTask}, {99 * kS, 300 * kS, kNoTask}});
  EXPECT_EQ(e.tasks[0].self, 1'000'000);
  EXPECT_EQ(e.tasks[1].self, 1'000'000);
  EXPECT_DOUBLE_EQ(e.tasks[1].covered_ns, 1.0 * kS);
  EXPECT_EQ(divided(Timeline(), {{0, kS, kNoTask}}).tasks[0].self, 0);
}

TEST(SelfEnergy, TimeWithoutATaskMayHaveNoPart) {
  const std::vector<TaskSpan> tasks{{kS / 4, kS / 2, kNoTask}};
  EXPECT_EQ(divided(one_watt(), tasks, {false}).tasks[0].self, 1'000'000);
  EXPECT_EQ(divided(one_watt(), tasks, {false}).rest, 99'000'000);
}

// The definition where powers are not known, one moment after the other.
std::vector<double> by_definition(const Timeline& timeline, const std::vector<TaskSpan>& tasks) {
  std::set<int64_t> times;
  for (const TaskSpan& t : tasks) times.insert({t.begin_ns, t.end_ns});
  std::vector<double> self(tasks.size(), 0);
  if (times.empty()) return self;
  for (auto a = times.begin(), b = std::next(a); b != times.end(); ++a, ++b) {
    std::vector<size_t> leaves;
    const auto is_open = [&](size_t i) { return tasks[i].begin_ns <= *a && tasks[i].end_ns >= *b; };
    for (size_t i = 0; i < tasks.size(); ++i) {
      bool leaf = is_open(i);
      for (size_t c = 0; leaf && c < tasks.size(); ++c) {
        leaf = tasks[c].parent != i || !is_open(c);
      }
      if (leaf) leaves.push_back(i);
    }
    const double energy = timeline.value_at(*b) - timeline.value_at(*a);
    for (const size_t leaf : leaves) self[leaf] += energy / static_cast<double>(leaves.size());
  }
  return self;
}

TEST(SelfEnergy, RandomTreesFollowTheDefinitionAndAddUpExactly) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 300; ++round) {
    std::vector<Timeline::Knot> knots{{0, 0, 0}};
    for (int k = 0; k < 30; ++k) {
      const auto length = static_cast<int64_t>(1 + random() % 1000);
      const auto energy = static_cast<int64_t>(random() % 3 == 0 ? 0 : random() % 100'000);
      knots.push_back({knots.back().at_ns + length, knots.back().value + energy,
                       knots.back().covered_ns + length});
    }
    const Timeline timeline(knots);
    const auto moment = [&](int64_t from) {
      const int64_t to = timeline.end_ns() + 500;
      return from >= to ? to : from + static_cast<int64_t>(random() % (to - from));
    };
    std::vector<TaskSpan> tasks;
    const size_t count = 1 + random() % 25;
    for (size_t i = 0; i < count; ++i) {
      TaskSpan task;
      if (i > 0 && random() % 4 != 0) task.parent = static_cast<uint32_t>(random() % i);
      task.begin_ns = moment(task.parent == kNoTask ? -500 : tasks[task.parent].begin_ns);
      task.end_ns = random() % 10 == 0 ? task.begin_ns : moment(task.begin_ns);
      // Mostly children end within their parents; some outlive them.
      if (task.parent != kNoTask && random() % 8 != 0) {
        task.end_ns = std::min(task.end_ns, tasks[task.parent].end_ns);
        task.begin_ns = std::min(task.begin_ns, task.end_ns);
      }
      tasks.push_back(task);
    }
    const SelfEnergy e = divided(timeline, tasks);
    const std::vector<double> expected = by_definition(timeline, tasks);
    int64_t sum = e.rest + e.unseen;
    for (size_t i = 0; i < tasks.size(); ++i) {
      sum += e.tasks[i].self;
      ASSERT_NEAR(static_cast<double>(e.tasks[i].self), expected[i], 16) << round << " " << i;
      ASSERT_NEAR(e.tasks[i].window,
                  tasks[i].end_ns <= tasks[i].begin_ns
                      ? 0
                      : timeline.value_at(tasks[i].end_ns) - timeline.value_at(tasks[i].begin_ns),
                  1e-6);
    }
    ASSERT_EQ(sum, timeline.total()) << "conserved to the micro-joule";
    ASSERT_GE(e.rest, 0);
  }
}

// What draws nothing between its tasks: all of a window is theirs.
TEST(SelfEnergy, PowersAreToldFromTheWindows) {
  std::vector<TaskSpan> tasks;
  std::vector<Timeline::Knot> knots{{0, 0, 0}};
  std::mt19937_64 random(3);
  for (int64_t s = 0; s < 200; ++s) {
    const auto length_ns = static_cast<int64_t>(kS / 10 + random() % (kS / 2));
    const uint32_t type = random() % 2;
    tasks.push_back({s * kS + kS / 10, s * kS + kS / 10 + length_ns, kNoTask, type});
    const double watts = type == 0 ? 3 : 11;
    const double joules = watts * static_cast<double>(length_ns) * 1e-9;
    knots.push_back({(s + 1) * kS, knots.back().value + std::llround(joules * 1e6), (s + 1) * kS});
  }
  const SelfEnergy e = divide(Timeline(knots), tasks, order_events(tasks), 2);
  ASSERT_EQ(e.powers.types[0].resolution, Resolution::kResolved);
  EXPECT_NEAR(e.powers.types[0].power_uw, 3e6, 1e4);
  EXPECT_NEAR(e.powers.types[1].power_uw, 11e6, 1e4);
  EXPECT_NEAR(e.powers.floor_uw, 0, 1e4);
  EXPECT_LT(e.rest, 2'000'000);
}

}  // namespace
}  // namespace headrace::energy

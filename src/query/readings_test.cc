#include "query/readings.h"

#include <gtest/gtest.h>

#include "query/store_for_test.h"

namespace headrace::query {
namespace {

constexpr int64_t kS = 1'000'000'000;

TEST(Steps, AreSeenForAsLongAsTheyAreKnown) {
  const Steps steps({{0, 2 * kS, 10}, {2 * kS, 3 * kS, 40}, {5 * kS, 6 * kS, 100}});
  const Seen seen = steps.over({kS, 5 * kS + kS / 2});
  EXPECT_DOUBLE_EQ(seen.covered_s, 2.5);
  EXPECT_DOUBLE_EQ(*seen.mean(), (10 * 1 + 40 * 1 + 100 * 0.5) / 2.5);
  EXPECT_DOUBLE_EQ(*seen.peak(), 100);
  EXPECT_DOUBLE_EQ(steps.seconds_above({0, 6 * kS}, 39), 2);
  const Seen nothing = steps.over({3 * kS, 5 * kS});
  EXPECT_FALSE(nothing.mean().has_value());
  EXPECT_FALSE(nothing.peak().has_value());
}

TEST(Steps, AreJoinedWhereTheyAreKnown) {
  const Steps a({{0, 2 * kS, 1}});
  const Steps b({{kS, 3 * kS, 5}});
  EXPECT_DOUBLE_EQ(joined({&a, &b}, Joined::kMean).over({kS, 2 * kS}).sum, 3);
  EXPECT_DOUBLE_EQ(*joined({&a, &b}, Joined::kMost).over({0, 3 * kS}).peak(), 5);
  const Seen sum = joined({&a, &b}, Joined::kSum).over({0, 3 * kS});
  EXPECT_DOUBLE_EQ(sum.covered_s, 1) << "of a sum only where all parts are known";
  EXPECT_DOUBLE_EQ(sum.sum, 6);
}

// A task from 2.001 s to 12.001 s on node1.
struct Machine {
  StoreForTest store;
  int sensors = 0;
  Machine() { store.task(store.workflow(store.campaign("c"), "w"), {"work", {}, {}, 0, 10}); }
  int sensor(const std::string& name, const std::string& quantity, const std::string& kind,
             const std::string& domain, const std::string& range = "0") {
    store.run(
        "INSERT INTO sensor_row(sensor, producer, name, quantity, kind, domain, truth, "
        "device, scale, \"range\") VALUES (" +
        std::to_string(++sensors) + ", 1, '" + name + "', '" + quantity + "', '" + kind + "', '" +
        domain + "', 'measured', '', 1, " + range + ")");
    return sensors;
  }
  void read(int sensor, double at_s, int64_t raw, int flags = 0) {
    store.run("INSERT INTO sample_row VALUES (" + std::to_string(sensor) + ", " +
              std::to_string(static_cast<int64_t>(at_s * 1e9)) + ", " + std::to_string(raw) + ", " +
              std::to_string(flags) + ")");
  }
  HostReadings readings() {
    const Session session = store.session();
    const auto times = read_own_times(session, nullptr);
    EXPECT_TRUE(times.ok());
    const auto all = read_readings(session, *times);
    EXPECT_TRUE(all.ok()) << all.status().message();
    return all->of("node1");
  }
};

TEST(Readings, AFailedReadingIsNothingAndNotZero) {
  Machine machine;
  const int celsius = machine.sensor("gpu.temperature", "hw.temperature", "gauge", "node/gpu-0");
  machine.read(celsius, 2, 70);
  machine.read(celsius, 3, 0, 1);
  machine.read(celsius, 4, 60);
  machine.read(celsius, 5, 60);
  const HostReadings readings = machine.readings();
  const Seen seen = readings.celsius.over({2 * kS, 5 * kS});
  EXPECT_DOUBLE_EQ(seen.covered_s, 2);
  EXPECT_DOUBLE_EQ(*seen.mean(), 65);
}

TEST(Readings, HoldForThreeSecondsAtMost) {
  Machine machine;
  const int use = machine.sensor("gpu.use", "hw.gpu.utilization", "gauge", "node/gpu-0");
  machine.read(use, 2, 1);
  machine.read(use, 11, 1);
  EXPECT_DOUBLE_EQ(machine.readings().gpu_use.over({2 * kS, 12 * kS}).covered_s, 3);
}

TEST(Readings, ACounterThatFellIsUnknownAndOneThatWrappedIsNot) {
  Machine machine;
  const int node = machine.sensor("board", "hw.energy", "counter", "node");
  for (const auto& [at_s, raw] : {std::pair(2, 1000), {3, 1100}, {4, 50}, {5, 250}}) {
    machine.read(node, at_s, raw);
  }
  const int user = machine.sensor("cpu.user", "system.cpu.time", "counter", "node/cpu", "100");
  const int idle = machine.sensor("cpu.idle", "system.cpu.time", "counter", "node/cpu");
  for (const auto& [at_s, raw] : {std::pair(2, 98), {3, 99}, {4, 0}}) machine.read(user, at_s, raw);
  for (const auto& [at_s, raw] : {std::pair(2, 10), {3, 13}, {4, 16}}) {
    machine.read(idle, at_s, raw);
  }
  const HostReadings readings = machine.readings();
  EXPECT_EQ(readings.power_of, "node");
  const Seen power = readings.power_w.over({2 * kS, 5 * kS});
  EXPECT_DOUBLE_EQ(power.covered_s, 2);
  EXPECT_DOUBLE_EQ(power.sum, 300);
  EXPECT_DOUBLE_EQ(*readings.cpu_use.over({2 * kS, 4 * kS}).mean(), 0.25);
}

}  // namespace
}  // namespace headrace::query

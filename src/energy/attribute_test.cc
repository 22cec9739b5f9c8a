#include "energy/attribute.h"

#include <gtest/gtest.h>
#include <map>
#include <optional>

#include "store/appender.h"

namespace headrace::energy {
namespace {

using store::QueryResult;
using store::Store;

// A store with hand-made producers, tasks and samples, whose energies are known in closed form.
class AttributeTest : public testing::Test {
 protected:
  AttributeTest() : store_(std::move(*Store::open_in_memory())) {}

  void run(const std::string& sql) {
    const Status status = store_.connection().run(sql);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  void producer(int number, const std::string& host) {
    run("INSERT INTO producer_row(producer, uid, prefix, hostname, pid) VALUES (" +
        std::to_string(number) + ", " + std::to_string(1000 + number) + ", '000000000000100" +
        std::to_string(number) + "', '" + host + "', " + std::to_string(100 + number) + ")");
  }
  // Times in seconds; end < 0: still open.
  void task(int producer, int seq, double begin, double end, int parent = 0,
            int parent_producer = -1) {
    const bool open = end < 0;
    run(std::string("INSERT INTO ") + (open ? "open_task" : "task_slots") +
        "(producer, seq, wf, ts, dur, parent_producer, parent_seq) VALUES (" +
        std::to_string(producer) + ", " + std::to_string(seq) + ", 1, " + ns(begin) + ", " +
        (open ? "NULL" : ns(end - begin)) + ", " +
        (parent == 0 ? "NULL, NULL"
                     : std::to_string(parent_producer < 0 ? producer : parent_producer) + ", " +
                           std::to_string(parent)) +
        ")");
  }
  int sensor(int producer, const std::string& name, const std::string& quantity,
             const std::string& unit, const std::string& kind, const std::string& domain,
             const std::string& truth, double scale, uint64_t range = 0,
             const std::string& method = "", const std::string& assumption = "",
             const std::string& device = "") {
    run("INSERT INTO sensor_row VALUES (" + std::to_string(++sensors_) + ", " +
        std::to_string(producer) + ", 1, '" + name + "', '" + quantity + "', '" + unit + "', '" +
        kind + "', '" + domain + "', '" + (device.empty() ? "powercap" : "nvml") + "', '" + truth +
        "', '" + method + "', '" + assumption + "', '" + device + "', " + std::to_string(scale) +
        "::DOUBLE, " + std::to_string(range) + ")");
    return sensors_;
  }
  // CPU time in ns and the estimate of 10 W a CPU of it: `cpus` busy from `begin` to `end`.
  void estimated_process(int producer, double begin, double end, double cpus) {
    run("INSERT INTO sensor_row VALUES (" + std::to_string(++sensors_) + ", " +
        std::to_string(producer) +
        ", 1, 'estimate.cpu', 'hw.energy', 'J', 'counter', 'node/cpu', 'estimate', 'estimated', "
        "'cpu_time_x_constant', '10 W; within 50 %', '', 1e-8, 0)");
    line(sensors_, begin, end, cpus * 1e9);
    cpu_time(producer, begin, end, cpus);
  }
  void cpu_time(int producer, double begin, double end, double cpus) {
    run("INSERT INTO sensor_row VALUES (" + std::to_string(++sensors_) + ", " +
        std::to_string(producer) +
        ", 2, 'process.cpu_time', 'process.cpu.time', 's', 'counter', 'process', 'proc', "
        "'measured', '', '', '', 1e-9, 0)");
    line(sensors_, begin, end, cpus * 1e9);
  }
  // Ten samples a second of a counter that grows by `per_s`.
  void line(int sensor, double begin, double end, double per_s, double first = 0) {
    run("INSERT INTO sample_row SELECT " + std::to_string(sensor) + ", " + ns(begin) +
        " + i * 100000000, (" + std::to_string(first) + " + i * " + std::to_string(per_s) +
        " / 10)::BIGINT, 0 FROM range(0, " + std::to_string(static_cast<int>((end - begin) * 10)) +
        " + 1) t(i)");
  }
  static std::string ns(double s) { return std::to_string(static_cast<int64_t>(s * 1e9)); }

  struct Row {
    double window = 0, attributed = 0, u95 = 0, coverage = 0;
    std::optional<double> idle;
    std::string method, truth, assumption;
  };
  // By (producer, seq, domain).
  std::map<std::tuple<int, int, std::string>, Row> rows() {
    std::map<std::tuple<int, int, std::string>, Row> out;
    Result<QueryResult> result = store_.connection().query(
        "SELECT producer, seq, domain, window_j, attributed_j, idle_j, u95_j, coverage, method, "
        "truth, assumption FROM task_energy_row");
    EXPECT_TRUE(result.ok()) << result.status().message();
    while (result->next()) {
      const store::Chunk& c = result->chunk();
      for (size_t r = 0; r < c.rows(); ++r) {
        Row row{c.real(3, r),
                c.real(4, r),
                c.real(6, r),
                c.real(7, r),
                std::nullopt,
                std::string(c.text(8, r)),
                std::string(c.text(9, r)),
                std::string(c.text(10, r))};
        if (!c.is_null(5, r)) row.idle = c.real(5, r);
        const auto key = std::tuple(static_cast<int>(c.integer(0, r)),
                                    static_cast<int>(c.integer(1, r)), std::string(c.text(2, r)));
        EXPECT_TRUE(out.emplace(key, row).second) << "one row a task and domain";
      }
    }
    return out;
  }
  Attributed attributed() {
    Result<Attributed> done = attribute(store_);
    EXPECT_TRUE(done.ok()) << done.status().message();
    EXPECT_EQ(*store_.connection().integer(
                  "SELECT count(*) FROM energy_balance_row WHERE measured_uj <> attributed_uj + "
                  "idle_uj + unattributed_uj"),
              0);
    return done.value_or(Attributed());
  }
  Store store_;
  int sensors_ = 0;
};

TEST_F(AttributeTest, AnEstimateIsDividedAmongTasksAndSummedUpward) {
  producer(1, "h");
  estimated_process(1, 0, 100, 1);
  task(1, 1, 10, 60);
  task(1, 2, 10, 30, 1);
  task(1, 3, 30, 50, 1);
  attributed();
  const auto r = rows();
  const Row& root = r.at({1, 1, "node/cpu"});
  EXPECT_NEAR(root.attributed, 500, 1e-5);
  EXPECT_NEAR(root.window, 500, 1e-5);
  EXPECT_NEAR(root.coverage, 1, 1e-9);
  EXPECT_FALSE(root.idle.has_value());
  EXPECT_EQ(root.truth, "estimated");
  EXPECT_EQ(root.method, "cpu_time_x_constant");
  EXPECT_EQ(root.assumption, "10 W; within 50 %");
  EXPECT_NEAR(root.u95, 250, 1);
  EXPECT_NEAR(r.at({1, 2, "node/cpu"}).attributed, 200, 1e-5);
  EXPECT_NEAR(r.at({1, 3, "node/cpu"}).attributed, 200, 1e-5);
  EXPECT_EQ(*store_.connection().integer("SELECT attributed_uj FROM energy_balance_row"),
            500'000'000);
  EXPECT_EQ(*store_.connection().integer("SELECT unattributed_uj FROM energy_balance_row"),
            500'000'000);
}

TEST_F(AttributeTest, TasksSideBySideAreMoreUncertain) {
  producer(1, "h");
  estimated_process(1, 0, 20, 2);
  task(1, 1, 0, 10);
  task(1, 2, 0, 10);
  task(1, 3, 10, 20);
  attributed();
  const auto r = rows();
  EXPECT_NEAR(r.at({1, 1, "node/cpu"}).attributed, 100, 1e-5);
  EXPECT_NEAR(r.at({1, 1, "node/cpu"}).window, 200, 1e-5);
  EXPECT_NEAR(r.at({1, 3, "node/cpu"}).attributed, 200, 1e-5);
  const auto relative = [&](int seq) {
    const Row& row = r.at({1, seq, "node/cpu"});
    return row.u95 / row.attributed;
  };
  EXPECT_GT(relative(1), relative(3));
}

TEST_F(AttributeTest, AChildInAnotherProcessCountsForItsParent) {
  producer(1, "h");
  producer(2, "h");
  estimated_process(1, 0, 20, 0.1);
  estimated_process(2, 5, 15, 1);
  task(1, 1, 0, 20);
  task(2, 1, 5, 15, 1, 1);
  attributed();
  const auto r = rows();
  EXPECT_NEAR(r.at({1, 1, "node/cpu"}).attributed, 20 + 100, 1e-5);
  EXPECT_NEAR(r.at({2, 1, "node/cpu"}).attributed, 100, 1e-5);
}

TEST_F(AttributeTest, NothingRecordedIsNoRowAndNoNumber) {
  producer(1, "h");
  estimated_process(1, 0, 10, 1);
  task(1, 1, 50, 60);
  attributed();
  EXPECT_TRUE(rows().empty());
}

TEST_F(AttributeTest, HalfRecordedIsHalfCovered) {
  producer(1, "h");
  estimated_process(1, 0, 10, 1);
  task(1, 1, 5, 15);
  attributed();
  const Row row = rows().at({1, 1, "node/cpu"});
  EXPECT_NEAR(row.attributed, 50, 1e-5);
  EXPECT_NEAR(row.coverage, 0.5, 1e-9);
}

TEST_F(AttributeTest, AnOpenTaskIsCountedSoFar) {
  producer(1, "h");
  estimated_process(1, 0, 10, 1);
  task(1, 1, 4, -1);
  attributed();
  EXPECT_NEAR(rows().at({1, 1, "node/cpu"}).attributed, 60, 1e-5);
}

TEST_F(AttributeTest, AMeasuredPackageReplacesTheEstimateAndIsDividedByCpuTime) {
  producer(1, "h");
  producer(2, "h");
  estimated_process(1, 0, 10, 1.4);
  estimated_process(2, 0, 10, 0.6);
  // 100 W of a package whose counter wraps in between; 2 CPUs busy of 2.
  constexpr uint64_t kRange = 262'143'328'851;
  const int package = sensor(1, "rapl.package-0", "hw.energy", "J", "counter", "node/cpu-0",
                             "measured", 1e-6, kRange);
  line(package, 0, 4.9, 100e6, static_cast<double>(kRange) - 500e6);
  line(package, 5, 10, 100e6);
  // What lies inside the package is not counted again.
  const int core = sensor(1, "rapl.core", "hw.energy", "J", "counter", "node/cpu-0/core",
                          "measured", 1e-6, kRange);
  line(core, 0, 10, 60e6);
  task(1, 1, 0, 10);
  task(2, 1, 0, 5);
  attributed();
  const auto r = rows();
  EXPECT_EQ(r.size(), 2u);
  const Row& first = r.at({1, 1, "node/cpu-0"});
  EXPECT_NEAR(first.attributed, 700, 0.1) << "the last refresh lies up to 1 ms back";
  EXPECT_NEAR(first.window, 1000, 0.1);
  EXPECT_EQ(first.method, "split_cpu_ns");
  EXPECT_EQ(first.truth, "mixed");
  EXPECT_FALSE(first.assumption.empty());
  EXPECT_NEAR(r.at({2, 1, "node/cpu-0"}).attributed, 150, 0.1);
}

TEST_F(AttributeTest, AReadingOfCpuTimeThatCameLateIsNoClockThatBeganAnew) {
  producer(1, "h");
  line(sensor(1, "rapl.package-0", "hw.energy", "J", "counter", "node/cpu-0", "measured", 1e-6), 0,
       100, 50e6);
  cpu_time(1, 0, 100, 1);
  // Of another thread, which read it 50 ms before the time that it gives.
  run("INSERT INTO sample_row VALUES (" + std::to_string(sensors_) +
      ", 30000000001, 29950000000, 0)");
  task(1, 1, 10, 60);
  attributed();
  const auto rows_now = rows();
  const Row& row = rows_now.at({1, 1, "node/cpu-0"});
  EXPECT_NEAR(row.attributed, 2500, 1);
  EXPECT_NEAR(row.coverage, 1, 1e-9);
}

TEST_F(AttributeTest, IdleEnergyIsKeptApart) {
  producer(1, "h");
  cpu_time(1, 0, 10, 1);
  const int package =
      sensor(1, "rapl.package-0", "hw.energy", "J", "counter", "node/cpu-0", "measured", 1e-6);
  line(package, 0, 10, 20e6);
  // Of 11 CPUs one is busy, ours; ten are idle and weigh as one.
  for (const auto& [name, per_s] : std::map<std::string, double>{
           {"cpu.user", 100}, {"cpu.system", 0}, {"cpu.idle", 1000}, {"cpu.iowait", 0}}) {
    line(sensor(1, name, "system.cpu.time", "s", "counter", "node/cpu", "measured", 0.01), 0, 10,
         per_s);
  }
  task(1, 1, 0, 10);
  attributed();
  const Row row = rows().at({1, 1, "node/cpu-0"});
  EXPECT_NEAR(row.window, 200, 0.02);
  EXPECT_NEAR(row.attributed, 100, 0.01);
  ASSERT_TRUE(row.idle.has_value());
  EXPECT_NEAR(*row.idle, 100, 0.02);
}

TEST_F(AttributeTest, AGpuOfOneProcessIsMeasured) {
  producer(1, "h");
  cpu_time(1, 0, 10, 1);
  const int gpu = sensor(1, "gpu-0.energy", "hw.energy", "J", "counter", "node/gpu-0", "measured",
                         1e-3, 0, "", "", "GPU-1");
  line(gpu, 0, 10, 300e3);
  const int use = sensor(1, "gpu-0.utilization", "hw.gpu.utilization", "1", "gauge", "node/gpu-0",
                         "measured", 0.01, 0, "", "", "GPU-1");
  line(use, 0, 4, 0);
  line(use, 4.1, 10, 0, 95);
  task(1, 1, 0, 10);
  task(1, 2, 5, 8, 1);
  attributed();
  const auto r = rows();
  const Row& step = r.at({1, 2, "node/gpu-0"});
  EXPECT_NEAR(step.attributed, 900, 0.01);
  EXPECT_EQ(step.method, "exclusive");
  EXPECT_EQ(step.truth, "measured");
  EXPECT_LT(step.u95, 80);
  const Row& whole = r.at({1, 1, "node/gpu-0"});
  // Of the last window, in which it ended, no refresh was read.
  EXPECT_NEAR(whole.attributed + whole.idle.value_or(0), 3000, 30);
  EXPECT_NEAR(whole.idle.value_or(0), 1200, 31);
}

TEST_F(AttributeTest, ASharedGpuIsDividedByEachProcessTimeOnIt) {
  for (const int p : {1, 2}) {
    producer(p, "h");
    cpu_time(p, 0, 10, 1);
    line(sensor(p, "process.gpu-0.time", "process.gpu.time", "s", "counter", "node/gpu-0",
                "measured", 1e-6, 0, "", "", "GPU-1"),
         0, 10, p == 1 ? 0.1e6 : 0.4e6);
    task(p, 1, 0, 10);
  }
  line(sensor(1, "gpu-0.energy", "hw.energy", "J", "counter", "node/gpu-0", "measured", 1e-3, 0, "",
              "", "GPU-1"),
       0, 10, 300e3);
  attributed();
  const auto r = rows();
  const Row& first = r.at({1, 1, "node/gpu-0"});
  EXPECT_NEAR(first.attributed, 600, 10);
  EXPECT_NEAR(r.at({2, 1, "node/gpu-0"}).attributed, 2400, 40);
  EXPECT_EQ(first.method, "split_sm_ns");
  EXPECT_EQ(first.truth, "mixed");
  EXPECT_NE(first.assumption.find("kept its multiprocessors busy"), std::string::npos);
}

TEST_F(AttributeTest, ANodesCounterIsFollowedFromOneElectedProcessToTheNext) {
  producer(1, "h");
  producer(2, "h");
  cpu_time(1, 0, 5, 1);
  cpu_time(2, 0, 10, 1);
  for (const int elected : {1, 2}) {
    const int dram =
        sensor(elected, "rapl.dram", "hw.energy", "J", "counter", "node/dram-0", "measured", 1e-6);
    line(dram, elected == 1 ? 0 : 6, elected == 1 ? 5 : 10, 10e6, elected == 1 ? 0 : 60e6);
  }
  task(2, 1, 0, 10);
  attributed();
  const Row row = rows().at({2, 1, "node/dram-0"});
  EXPECT_NEAR(row.window, 100, 0.02);
  EXPECT_NEAR(row.attributed, 25 + 50, 0.2);
}

TEST_F(AttributeTest, ComputesOnlyWhatChanged) {
  producer(1, "h");
  producer(2, "other");
  producer(3, "third");
  for (const int p : {1, 2, 3}) {
    estimated_process(p, 0, 10, 1);
    task(p, 1, 0, 10);
  }
  EXPECT_EQ(attributed().producers, 3u);
  EXPECT_EQ(attributed().producers, 0u);
  // A child elsewhere of producer 2's task changes that and itself.
  task(3, 2, 0, 5, 1, 2);
  EXPECT_EQ(attributed().producers, 2u);
  EXPECT_EQ(rows().size(), 4u);
  EXPECT_EQ(attributed().rows, 0u);
  // An open task that ends has changed although there are as many tasks.
  task(1, 5, 2, -1);
  EXPECT_EQ(attributed().producers, 1u);
  run("DELETE FROM open_task");
  task(1, 5, 2, 4);
  EXPECT_EQ(attributed().producers, 1u);
  EXPECT_NEAR(rows().at({1, 5, "node/cpu"}).attributed, 10, 1e-5);
}

// 100 tasks of 4 ms in a second, in two activities that follow each other.
TEST_F(AttributeTest, WhatIsTooShortIsWithheldAndTheActivitiesHaveTheirFigures) {
  producer(1, "h");
  estimated_process(1, 0, 20, 1);
  run("INSERT INTO activity_row(activity, name) VALUES (1, 'even'), (2, 'odd')");
  task(1, 5000, 0, 20);
  run("INSERT INTO task_slots(producer, seq, wf, activity, ts, dur, parent_producer, parent_seq) "
      "SELECT 1, i + 1, 1, 1 + i % 2, i * 10000000, 4000000, 1, 5000 FROM range(2000) t(i)");
  attributed();
  const auto count = [&](const std::string& what) {
    return *store_.connection().integer("SELECT count(*) FROM " + what);
  };
  EXPECT_EQ(count("task_energy_row WHERE attributed_j IS NULL AND self_j IS NULL AND share_j > 0 "
                  "AND resolution <> 'resolved' AND reason = 'shorter than the sensor can tell'"),
            2000);
  EXPECT_EQ(count("task_energy_row WHERE seq = 5000 AND attributed_j > 199"), 1);
  EXPECT_EQ(count("activity_energy WHERE activity = 'even' AND tasks = 1000 AND attributed_j IS "
                  "NULL AND resolution = 'grouped' AND contains(\"group\", 'even + odd')"),
            1);
  EXPECT_EQ(*store_.connection().integer(
                "SELECT round(1e6 * (sum(share_j) - (SELECT attributed_uj * 1e-6 FROM "
                "energy_balance_row)))::BIGINT FROM activity_energy"),
            0);
}

TEST_F(AttributeTest, SensorAndSplitAreKeptApart) {
  producer(1, "h");
  estimated_process(1, 0, 20, 1);
  task(1, 1, 0.05, 10.05);
  task(1, 2, 10.05, 20);
  attributed();
  EXPECT_EQ(
      *store_.connection().integer(
          "SELECT count(*) FROM task_energy_row WHERE abs(sqrt(u95_j ** 2 - split_u95_j ** 2) "
          "- 0.5 * attributed_j) < 1e-6 AND split_u95_j > 0 AND split_u95_j < 2"),
      2);
}

TEST_F(AttributeTest, AnotherPolicyForIdleEnergyIsComputedAnew) {
  producer(1, "h");
  cpu_time(1, 0, 100, 1);
  const int gpu = sensor(1, "gpu-0.energy", "hw.energy", "J", "counter", "node/gpu-0", "measured",
                         1e-3, 0, "", "", "GPU-1");
  // 300 W for the first third of each second, in which a task runs, and 60 W after it.
  run("INSERT INTO sample_row SELECT " + std::to_string(gpu) +
      ", i * 50000000, ((i // 20) * 140000 + least(i % 20, 20 / 3.0) * 15000 + greatest(0, i % 20 "
      "- 20 / 3.0) * 3000)::BIGINT, 0 FROM range(2001) t(i)");
  for (int i = 0; i < 100; ++i) task(1, i + 1, i, i + 1 / 3.0);
  const auto uj = [&](const std::string& column) {
    return static_cast<double>(
        *store_.connection().integer("SELECT " + column + " FROM energy_balance_row"));
  };
  attributed();
  EXPECT_NEAR(uj("attributed_uj"), 100 * 100e6, 300e6);
  EXPECT_NEAR(uj("idle_uj"), 100 * 40e6, 300e6);
  const double separate_uj = uj("attributed_uj");
  EXPECT_EQ(attribute(store_)->rows, 0u);
  ASSERT_EQ(attribute(store_, IdlePolicy::kByResidency)->rows, 100u);
  const double idle_j = uj("idle_uj") * 1e-6;
  EXPECT_NEAR(rows().at({1, 50, "node/gpu-0"}).idle.value_or(0), idle_j / 100, 1);
  EXPECT_EQ(attribute(store_, IdlePolicy::kByResidency)->rows, 0u);
  // What is folded later is computed as the store was asked to be.
  task(1, 101, 99.5, 100);
  ASSERT_EQ(attribute(store_)->rows, 101u);
  EXPECT_TRUE(rows().at({1, 101, "node/gpu-0"}).idle.has_value());
  EXPECT_EQ(attribute(store_, IdlePolicy::kByResidency)->rows, 0u);
  run("DELETE FROM task_slots WHERE seq = 101");
  ASSERT_EQ(attribute(store_, IdlePolicy::kNone)->rows, 100u);
  EXPECT_GT(uj("attributed_uj"), separate_uj) << "the windows' whole is the tasks'";
}

TEST_F(AttributeTest, WhatHoldsWhatIsKeptBesideAndNeverSummedTwice) {
  producer(1, "h");
  cpu_time(1, 0, 20, 1);
  const auto counter = [&](const std::string& name, const std::string& domain, double power_w) {
    line(sensor(1, name, "hw.energy", "J", "counter", domain, "measured", 1e-6), 0, 20,
         power_w * 1e6);
  };
  counter("cray.energy", "node", 500);
  counter("cray.cpu_energy", "node/cpu", 100);
  counter("cray.memory_energy", "node/memory", 20);
  counter("cray.accel0_energy", "node/accel-0", 300);
  counter("other.accel0_energy", "node/board/accel-0", 310);
  task(1, 1, 0, 20);
  attributed();
  EXPECT_EQ(rows().size(), 3u) << "processors, memory, accelerator";
  const auto count = [&](const std::string& what) {
    return *store_.connection().integer("SELECT count(*) FROM energy_domain WHERE " + what);
  };
  EXPECT_EQ(count("domain = 'node' AND role = 'whole' AND parent IS NULL AND NOT inconsistent AND "
                  "abs(measured_j - 9950) < 100 AND abs(other_j - 80 * 20) < 40 AND "
                  "abs(measured_j - children_j - other_j - uncompared_j) < 1e-6"),
            1);
  EXPECT_EQ(count("role = 'divided' AND parent = 'node' AND children_j IS NULL"), 3);
  EXPECT_EQ(count("domain = 'node/board/accel-0' AND role = 'check'"), 1);
  EXPECT_EQ(attribute(store_)->rows, 0u);
}

TEST_F(AttributeTest, NothingAtAllIsFine) {
  EXPECT_EQ(attributed().rows, 0u);
  producer(1, "h");
  task(1, 1, 0, 10);
  EXPECT_EQ(attributed().rows, 0u);
}

}  // namespace
}  // namespace headrace::energy

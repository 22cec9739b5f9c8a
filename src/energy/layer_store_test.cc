// Layers' energy from a store's exposures and samples into its table and view.
#include <gtest/gtest.h>

#include "energy/attribute.h"
#include "energy/emulated_layers_for_test.h"
#include "store/amendment.h"
#include "store/appender.h"

namespace headrace::energy {
namespace {

using store::Appender;
using store::Store;

class LayerStoreTest : public testing::Test {
 protected:
  LayerStoreTest() : store_(std::move(*Store::open_in_memory())) {}

  void run(const std::string& sql) {
    const Status status = store_.connection().run(sql);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  int64_t integer(const std::string& sql) {
    const Result<int64_t> out = store_.connection().integer("SELECT (" + sql + ")::BIGINT");
    EXPECT_TRUE(out.ok()) << out.status().message();
    return out.value_or(-1);
  }
  std::string text(const std::string& sql) {
    const Result<std::string> out = store_.connection().text("SELECT (" + sql + ")::VARCHAR");
    EXPECT_TRUE(out.ok()) << out.status().message();
    return out.value_or("");
  }
  Attributed attributed() {
    Result<Attributed> done = attribute(store_);
    EXPECT_TRUE(done.ok()) << done.status().message();
    return done.value_or(Attributed());
  }
  // One process that trains, alone on a GPU.
  void record(const EmulatedLayers& training, const EmulatedSensor& sensor) {
    const TaskSpan task = training.task();
    run("INSERT INTO producer_row(producer, uid, prefix, hostname, pid) VALUES (1, 1001, "
        "'0000000000001001', 'a', 101); INSERT INTO activity_row(activity, name) VALUES (5, "
        "'train'); INSERT INTO task_slots(producer, seq, wf, activity, ts, dur) VALUES (1, 1, 1, "
        "5, " +
        std::to_string(task.begin_ns) + ", " + std::to_string(task.end_ns - task.begin_ns) +
        "); INSERT INTO sensor_row VALUES (1, 1, 1, 'gpu-0.energy', 'hw.energy', 'J', 'counter', "
        "'node/gpu-0', 'nvml', 'measured', '', '', '0', 1e-3, 0), (2, 1, 2, 'process.cpu_time', "
        "'process.cpu.time', 's', 'counter', 'process', 'proc', 'measured', '', '', '', 1e-9, 0)");
    Result<Appender> samples = Appender::open(store_.connection(), "sample_row");
    ASSERT_TRUE(samples.ok());
    for (const RawSample& one : training.read(sensor)) {
      for (const uint32_t number : {1u, 2u}) {
        ASSERT_TRUE(samples->next_row().ok());
        samples->set(0, number);
        samples->set(1, one.at_ns);
        samples->set(2, number == 1 ? static_cast<int64_t>(one.raw) : one.at_ns);
        samples->set(3, uint8_t{0});
      }
    }
    ASSERT_TRUE(samples->close().ok());
  }
  void expose(const LayerExposure& exposure) {
    Result<Appender> rows = Appender::open(store_.connection(), "exposure_row");
    ASSERT_TRUE(rows.ok());
    uint64_t number = 0;
    for (const LayerInterval& interval : exposure.intervals) {
      ++number;
      for (size_t i = interval.first; i < interval.first + interval.count; ++i) {
        ASSERT_TRUE(rows->next_row().ok());
        rows->set(0, uint32_t{1});
        rows->set(1, uint32_t{1});
        rows->set(2, int64_t{1});
        rows->set(3, interval.begin_ns);
        rows->set(4, interval.end_ns);
        rows->set_text(5, "net");
        rows->set_text(6, "block." + std::to_string(exposure.times[i].part));
        rows->set_text(7, "forward");
        rows->set(8, exposure.times[i].self_ns);
        rows->set(9, int64_t{1});
        rows->set(10, interval.repeated);
        rows->set(11, uint32_t{1});
        rows->set(12, number);
      }
    }
    ASSERT_TRUE(rows->close().ok());
  }
  void expect_sum() {
    EXPECT_EQ(integer("SELECT sum(share_uj) FROM layer_energy_row"),
              integer("SELECT sum(round(share_j * 1e6)::BIGINT) FROM task_energy_row"));
  }

  Store store_;
};

TEST_F(LayerStoreTest, LayersAndTheTimeOutsideThemAddUpToTheTasks) {
  EmulatedTraining plan;
  plan.length_s = 400;
  plan.layers = 4;
  plan.shortest_s = 0.01;
  plan.longest_s = 0.03;
  plan.repeats = 0.1;
  const EmulatedLayers training(plan);
  record(training, {});
  EXPECT_EQ(attributed().producers, 1u);
  EXPECT_EQ(integer("SELECT count(*) FROM layer_energy"), 0);
  // What is told later is computed then, and once.
  expose(training.exposure());
  EXPECT_EQ(attributed().producers, 1u);
  EXPECT_EQ(attributed().producers, 0u);
  expect_sum();
  EXPECT_EQ(text("SELECT string_agg(concat_ws(' ', activity, model, domain, truth), ',') FROM "
                 "(SELECT DISTINCT activity, model, domain, truth FROM layer_energy)"),
            "train net node/gpu-0 measured");
  EXPECT_EQ(text("SELECT string_agg(coalesce(layer, '-') || ' ' || coalesce(phase, '-'), ',' ORDER "
                 "BY layer NULLS LAST, phase NULLS LAST) FROM layer_energy"),
            "block.0 forward,block.1 forward,block.2 forward,block.3 forward,- repeat,- -");
  EXPECT_EQ(integer("SELECT count(*) FROM layer_energy WHERE resolution = 'resolved'"), 4);
  for (size_t i = 0; i < plan.layers; ++i) {
    const std::string of = " FROM layer_energy WHERE layer = 'block." + std::to_string(i) + "'";
    const double off_j = std::stod(text("SELECT attributed_j" + of)) - training.true_j()[i];
    EXPECT_LE(std::abs(off_j), 1.5 * std::stod(text("SELECT split_u95_j" + of))) << i;
    EXPECT_EQ(text("SELECT reason IS NULL AND coverage > 0.99 AND u95_j > split_u95_j AND power_w "
                   "BETWEEN 140 AND 620" +
                   of),
              "true");
  }
  const double repeated_j =
      std::stod(text("SELECT share_j FROM layer_energy WHERE phase = 'repeat'"));
  EXPECT_NEAR(repeated_j, training.repeated_j(), 0.05 * training.repeated_j());
}

TEST_F(LayerStoreTest, LayersInAFixedOrderAreAGroup) {
  EmulatedTraining plan;
  plan.length_s = 200;
  plan.layers = 6;
  const EmulatedLayers training(plan);
  record(training, {});
  expose(training.exposure());
  attributed();
  expect_sum();
  EXPECT_EQ(integer("SELECT count(*) FROM layer_energy WHERE attributed_j IS NOT NULL"), 0);
  EXPECT_EQ(integer("SELECT count(*) FROM layer_energy WHERE layer IS NOT NULL AND group_j > 0 AND "
                    "reason IS NOT NULL"),
            6);
  // A removed workflow takes them along.
  run("INSERT INTO workflow_row(wf, workflow) VALUES (1, '00000000-0000-8000-8000-000000000001'); "
      "INSERT INTO amendment VALUES (1, 'workflow', '00000000-0000-8000-8000-000000000001', "
      "'remove', '')");
  ASSERT_TRUE(store::apply_removals(store_.connection()).ok());
  EXPECT_EQ(integer("SELECT count(*) FROM layer_energy_row"), 0);
  EXPECT_EQ(integer("SELECT count(*) FROM exposure_row"), 0);
}

}  // namespace
}  // namespace headrace::energy

#include "query/energy_table.h"

#include <gtest/gtest.h>
#include <map>

#include "query/counter_window.h"
#include "query/describe.h"
#include "query/shown_energy.h"
#include "query/store_for_test.h"
#include "query/workflow_figures.h"

namespace headrace::query {
namespace {

// Joules by workflow, in one domain.
std::map<std::string, double> workflows_of(const EnergyTable& table) {
  std::map<std::string, double> out;
  for (const EnergySums& one : table.sums) out[one.workflow] += one.attributed_j;
  return out;
}

std::vector<double> column_of(ResultTable* table, const std::string& name) {
  std::vector<double> out;
  for (;;) {
    const Result<bool> more = table->next();
    if (!more.ok() || !*more) return out;
    for (size_t row = 0; row < table->rows(); ++row) {
      out.push_back(table->cell(*table->column(name), row).real);
    }
  }
}

TEST(EnergyTable, AddsUp) {
  StoreForTest store;
  const std::string campaign = store.campaign("c");
  const int tune = store.workflow(campaign, "tune");
  const int other = store.workflow(store.campaign("d"), "other");
  const int64_t outer = store.task(tune, {"train", {}, {}});
  const int64_t inner = store.task(tune, {"epoch", {}, {}, outer});
  const int64_t elsewhere = store.task(other, {"x", {}, {}});
  store.energy(outer, "node/cpu", "5", "measured");
  store.energy(inner, "node/cpu", "4", "measured");  // part of outer's
  store.energy(elsewhere, "node/cpu", "1", "measured");
  store.run(
      "INSERT INTO energy_balance_row VALUES (1, 'node/cpu', 'measured', 9000000, 6000000, "
      "2500000, 500000)");
  const Session session = store.session();
  const Thing thing{ThingKind::kCampaign, campaign, "c", ""};
  auto mine = energy_table(session, &thing);
  ASSERT_TRUE(mine.ok()) << mine.status().message();
  EXPECT_EQ(workflows_of(*mine), (std::map<std::string, double>{{"tune", 5}}));
  ASSERT_EQ(mine->conservation.size(), 1U);
  const Conservation& all = mine->conservation[0];
  EXPECT_EQ(all.measured_j, 9);
  EXPECT_EQ(all.attributed_j + all.idle_j + all.unattributed_j, all.measured_j);
  EXPECT_EQ(all.residual_j, 0);
  EXPECT_EQ(all.u95_j, 0.5);
  auto everything = energy_table(session, nullptr);
  ASSERT_TRUE(everything.ok());
  EXPECT_EQ(workflows_of(*everything), (std::map<std::string, double>{{"other", 1}, {"tune", 5}}));
}

// What describe() says of everything, with the sums of all tasks and without.
void expect_same_with_figures(const Session& session, const std::vector<Thing>& things,
                              bool can_be_cut) {
  const auto figures = workflow_figures(session);
  ASSERT_TRUE(figures.ok()) << figures.status().message();
  EXPECT_EQ(figures->energy.can_be_cut, can_be_cut);
  for (const Thing& thing : things) {
    const auto plain = describe(session, thing);
    const auto quick = describe(session, thing, &*figures);
    ASSERT_TRUE(plain.ok() && quick.ok()) << thing.name;
    EXPECT_FALSE((*plain)["activities"].is_null() || (*plain)["energy"].is_null()) << thing.name;
    EXPECT_EQ(plain->dump(), quick->dump());
  }
}

class DescribeFromFigures : public testing::TestWithParam<bool> {};

TEST_P(DescribeFromFigures, IsTheSame) {
  StoreForTest store;
  const std::string campaign = store.campaign("c");
  const int tune = store.workflow(campaign, "tune");
  const int check = store.workflow(campaign, "check");
  const int other = store.workflow(store.campaign("d"), "other");
  const int64_t outer = store.task(tune, {"train", {}, {}});
  const int64_t inner = store.task(tune, {"epoch", {}, {}, outer});
  const int64_t again = store.task(check, {"train", {}, {}});
  // Within a task of another workflow, what one has cost is not its part of all.
  const bool crosses = GetParam();
  const int64_t apart =
      crosses ? store.task(other, {"x", {}, {}, outer}) : store.task(other, {"x", {}, {}});
  for (const int64_t task : {outer, inner, again, apart}) {
    store.energy(task, "node/cpu", "2", "measured");
  }
  store.run("UPDATE task_slots SET dur = 1000000000 * (1 + seq % 8), ts = 10 - seq % 8");
  store.run("UPDATE task_slots SET status = 3 WHERE activity = 1");
  expect_same_with_figures(store.session(),
                           {{ThingKind::kCampaign, campaign, "c", ""},
                            {ThingKind::kWorkflow, StoreForTest::workflow_id(tune), "tune", ""},
                            {ThingKind::kWorkflow, StoreForTest::workflow_id(check), "check", ""},
                            {ThingKind::kWorkflow, StoreForTest::workflow_id(other), "other", ""}},
                           !crosses);
}

INSTANTIATE_TEST_SUITE_P(TasksAcrossWorkflows, DescribeFromFigures, testing::Bool());

TEST(EnergySums, TimeIsOfTheTasksThatHaveAFigure) {
  StoreForTest store;
  const std::string campaign = store.campaign("c");
  const int tune = store.workflow(campaign, "tune");
  const int64_t known = store.task(tune, {"x", {}, {}});
  const int64_t unknown = store.task(tune, {"x", {}, {}});
  store.task(tune, {"x", {}, {}});  // no row at all
  store.energy(known, "node/cpu", "5", "measured");
  store.energy(unknown, "node/cpu", "NULL", "estimated");
  store.run("UPDATE task_slots SET dur = 1000000000 * (1 + seq % 8)");
  const Session session = store.session();
  const Thing thing{ThingKind::kWorkflow, StoreForTest::workflow_id(tune), "tune", ""};
  const auto sums = energy_sums(session, &thing);
  ASSERT_TRUE(sums.ok()) << sums.status().message();
  ASSERT_EQ(sums->size(), 1U);
  const EnergySums& one = sums->front();
  EXPECT_EQ(one.tasks, 1);
  EXPECT_EQ(one.unknown, 1);
  EXPECT_EQ(one.truth, "measured");
  const auto seconds = session.rows("SELECT duration_s FROM task WHERE task_id = '" +
                                    StoreForTest::task_id(known) + "'");
  ASSERT_TRUE(seconds.ok());
  EXPECT_EQ(one.time_s, seconds->front()[0].real);
}

TEST(WorkflowFigures, SumUpTasksAndEnergy) {
  StoreForTest store;
  const std::string campaign = store.campaign("c");
  const int tune = store.workflow(campaign, "tune");
  const int more = store.workflow(campaign, "more");
  const int64_t outer = store.task(tune, {"train", {}, {}, 0, 1, 3});
  const int64_t inner = store.task(tune, {"epoch", {}, {}, outer});
  const int64_t second = store.task(more, {"x", {}, {}});
  store.energy(outer, "node/cpu", "5", "measured");
  store.energy(outer, "process", "4", "estimated");  // the same joules by another way
  store.energy(inner, "node/cpu", "4", "measured");
  store.energy(second, "node/cpu", "1", "estimated");
  store.run("UPDATE task_energy_row SET u95_j = 0.5");
  store.energy(inner, "node/gpu-0", "NULL", "measured");
  store.run(
      "UPDATE task_energy_row SET resolution = if(attributed_j IS NULL, 'grouped', 'resolved')");
  const Session session = store.session();
  const auto withheld = energy_of_tasks(session, {*Uuid::parse(StoreForTest::task_id(inner))});
  ASSERT_TRUE(withheld.ok()) << withheld.status().message();
  EXPECT_FALSE(withheld->begin()->second.energy_j.has_value()) << "a part of it is not known";
  EXPECT_FALSE(withheld->begin()->second.u95_j.has_value());
  EXPECT_EQ(withheld->begin()->second.resolution, "grouped");
  const auto shown = energy_of_tasks(session, {*Uuid::parse(StoreForTest::task_id(outer)),
                                               *Uuid::parse(StoreForTest::task_id(99))});
  ASSERT_TRUE(shown.ok()) << shown.status().message();
  EXPECT_EQ(shown->size(), 1U);
  EXPECT_EQ(shown->begin()->second.energy_j, 5);
  EXPECT_EQ(shown->begin()->second.truth, "measured");
  const auto figures = workflow_figures(session);
  ASSERT_TRUE(figures.ok()) << figures.status().message();
  const Figures& train = figures->workflows.at(StoreForTest::workflow_id(tune));
  EXPECT_EQ(train.failed, 1);
  EXPECT_EQ(train.running, 0);
  EXPECT_EQ(train.energy_j, 5);
  EXPECT_EQ(train.energy_u95_j, 0.5);
  EXPECT_EQ(train.energy_truth, "measured");
  const Figures& all = figures->campaigns.at(campaign);
  EXPECT_EQ(all.energy_j, 6);
  EXPECT_EQ(all.energy_truth, "mixed");
}

TEST(CounterWindow, TurnsJoulesIntoWatts) {
  StoreForTest store;
  store.run(
      "INSERT INTO sensor_row VALUES (1, 1, 1, 'cpu energy', 'energy', 'J', 'counter', 'node/cpu', "
      "'rapl', 'measured', '', '', '', 0.5, 0)");
  store.run(
      "INSERT INTO sensor_row VALUES (2, 1, 2, 'load', 'load', '', 'gauge', '', 'proc', "
      "'measured', '', '', '', 1, 0)");
  // 10 J a second for 2 s, then 30; the raw number counts half joules.
  store.run(
      "INSERT INTO sample_row VALUES (1, 0, 0, 0), (1, 1000000000, 20, 0), "
      "(1, 2000000000, 40, 0), (1, 3000000000, 100, 0)");
  const Session session = store.session();
  Result<ResultTable> table = counter_window(session, {.sensor = "cpu energy", .width = 3});
  ASSERT_TRUE(table.ok()) << table.status().message();
  EXPECT_EQ(table->columns()[*table->column("mean")].unit, "W");
  // The first reading has none before it to count from.
  EXPECT_EQ(column_of(&*table, "min"), (std::vector<double>{10, 10}));
  table = counter_window(session, {.sensor = "cpu energy", .width = 3});
  EXPECT_EQ(column_of(&*table, "max"), (std::vector<double>{10, 30}));
  // A window that begins later knows the reading before it.
  table = counter_window(session, {.sensor = "1", .from_ns = 2'500'000'000, .width = 1});
  EXPECT_EQ(column_of(&*table, "mean"), (std::vector<double>{30}));
  // Said on both sides, it counts each reading once.
  table = counter_window(
      session, {.sensor = "1", .from_ns = 500'000'000, .to_ns = 3'500'000'000, .width = 1});
  EXPECT_EQ(column_of(&*table, "readings"), (std::vector<double>{3}));
  const Status missing = counter_window(session, {.sensor = "cpu energie"}).status();
  EXPECT_EQ(missing.code(), StatusCode::kNotFound);
  EXPECT_NE(missing.message().find("did you mean cpu energy"), std::string::npos);
}

}  // namespace
}  // namespace headrace::query

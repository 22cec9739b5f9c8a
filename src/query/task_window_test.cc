#include "query/task_window.h"

#include <cmath>
#include <gtest/gtest.h>

#include "query/rank_heat.h"
#include "query/store_for_test.h"

namespace headrace::query {
namespace {

struct Row {
  int64_t start_ns;
  int64_t duration_ns;
  uint8_t status = 2;
};

// One lane of these tasks, in the order of time.
TaskLanes one_lane(const std::vector<Row>& rows) {
  TaskLanes out;
  out.lanes.resize(1);
  out.activities = {"step"};
  out.first = {0, rows.size()};
  for (const Row& row : rows) {
    out.start_ns.push_back(row.start_ns);
    out.duration_ns.push_back(row.duration_ns);
    out.activity.push_back(0);
    out.status.push_back(row.status);
    out.energy_j.push_back(1);
    out.is_outermost.push_back(1);
    out.id.emplace_back();
    out.end_ns = std::max(out.end_ns, row.start_ns + std::max<int64_t>(0, row.duration_ns));
  }
  return out;
}

TEST(TaskWindow, KeepsWideTasksAndMergesNarrowOnes) {
  // 10 pixels of 100 ns: one wide task, then 5 narrow ones in one pixel.
  const TaskLanes all =
      one_lane({{0, 250}, {310, 10}, {325, 20}, {350, 5}, {360, 30}, {395, 2}, {700, 10}});
  const TaskWindow window = task_window(all, {.from_ns = 0, .to_ns = 1000, .width = 10});
  ASSERT_EQ(window.spans.size(), 4U);
  EXPECT_EQ(window.tasks, 7U);
  EXPECT_EQ(window.spans[0].duration_ns, 250);
  const WindowSpan& merged = window.spans[1];
  EXPECT_EQ(merged.count, 4U);
  EXPECT_EQ(merged.start_ns, 310);
  EXPECT_EQ(merged.duration_ns, 395 + 2 - 310);
  EXPECT_EQ(merged.longest_ns, 20);
  EXPECT_EQ(merged.row, 2U);
  EXPECT_FLOAT_EQ(merged.energy_j, 4);
  // The longest narrow one stands alone.
  EXPECT_EQ(window.spans[2].duration_ns, 30);
  EXPECT_EQ(window.spans[2].count, 1U);
}

TEST(TaskWindow, NeverHidesAFailure) {
  std::vector<Row> rows;
  for (int64_t i = 0; i < 100'000; ++i) rows.push_back({i * 10, 5});
  rows[77'777].status = 3;
  rows[77'778].status = 5;
  const TaskLanes all = one_lane(rows);
  const TaskWindow window = task_window(all, {.from_ns = 0, .to_ns = 1'000'000, .width = 20});
  EXPECT_LE(window.spans.size(), 60U);
  uint64_t shown = 0;
  int failures = 0;
  for (const WindowSpan& span : window.spans) {
    shown += span.count;
    if (span.status == 3) {
      ++failures;
      EXPECT_EQ(span.count, 2U);
      EXPECT_EQ(span.start_ns, 777'770);
    }
  }
  EXPECT_EQ(shown, 100'000U);
  EXPECT_EQ(failures, 1);
}

TEST(TaskWindow, TakesWhatReachesIntoIt) {
  const TaskLanes all = one_lane({{0, 50}, {100, 500}, {700, -1, 1}});
  const TaskWindow middle = task_window(all, {.from_ns = 300, .to_ns = 400, .width = 10});
  ASSERT_EQ(middle.spans.size(), 1U);
  EXPECT_EQ(middle.spans[0].row, 1U);
  const TaskWindow late = task_window(all, {.from_ns = 10'000, .to_ns = 20'000, .width = 10});
  ASSERT_EQ(late.spans.size(), 1U);
  EXPECT_EQ(late.spans[0].duration_ns, -1);
}

TEST(TaskWindow, IsEmptyWhereNothingIs) {
  EXPECT_TRUE(task_window(one_lane({}), {.from_ns = 0, .to_ns = 10, .width = 10}).spans.empty());
  EXPECT_TRUE(task_window(one_lane({{1, 1}}), {.from_ns = 5, .to_ns = 5}).spans.empty());
}

TEST(LanePacker, UsesTheFirstFreeLane) {
  LanePacker packer;
  EXPECT_EQ(packer.place(0, 100), 0U);
  EXPECT_EQ(packer.place(10, 20), 1U);
  EXPECT_EQ(packer.place(15, 40), 2U);
  EXPECT_EQ(packer.place(20, 30), 1U);
  EXPECT_EQ(packer.place(100, 110), 0U);
}

TEST(RankHeat, SharesTimeAmongBins) {
  const TaskLanes all = one_lane({{0, 50}, {50, 100, 3}, {350, 50}});
  const RankHeat busy = rank_heat(all, HeatQuantity::kBusy, 4);
  ASSERT_EQ(busy.values.size(), 4U);
  EXPECT_DOUBLE_EQ(busy.values[0], 1);
  EXPECT_DOUBLE_EQ(busy.values[1], 0.5);
  EXPECT_DOUBLE_EQ(busy.values[2], 0);
  EXPECT_DOUBLE_EQ(busy.values[3], 0.5);
  EXPECT_DOUBLE_EQ(rank_heat(all, HeatQuantity::kFailed, 4).values[0], 1);
  // 1 J in 50 ns and half of 1 J in 100 ns, over 100 ns.
  EXPECT_NEAR(rank_heat(all, HeatQuantity::kPower, 4).values[0], 1.5e7, 1);
}

TEST(TaskLanesOfAStore, NestTasksAndTellPlaces) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("c"), "train");
  const int64_t outer = store.task(wf, {"train", {}, {}, 0, 10});
  const int64_t inner = store.task(wf, {"epoch", {}, {}, outer, 2});
  store.task(store.workflow(store.campaign("d"), "other"), {"x", {}, {}});
  store.run("INSERT INTO thread_row VALUES (1, 0, 4243, 'main')");
  store.energy(outer, "node/cpu", "3", "measured");
  store.energy(outer, "node/cpu-0", "2", "measured");
  const Session session = store.session();
  const Thing thing{ThingKind::kWorkflow, StoreForTest::workflow_id(wf), "train", ""};
  const auto lanes = read_task_lanes(session, &thing, true);
  ASSERT_TRUE(lanes.ok()) << lanes.status().message();
  ASSERT_EQ((*lanes)->tasks(), 2U);
  ASSERT_EQ((*lanes)->lanes.size(), 2U);
  EXPECT_EQ(lane_label((*lanes)->lanes[0]), "node1 · 42/4243");
  EXPECT_EQ(lane_label((*lanes)->lanes[1]), "node1 · 42/4243 +1");
  EXPECT_EQ((*lanes)->id[1].text(), StoreForTest::task_id(inner));
  // What the package's own sensor covers is not counted again.
  EXPECT_FLOAT_EQ((*lanes)->energy_j[0], 2);
  EXPECT_TRUE(std::isnan((*lanes)->energy_j[1]));
  EXPECT_EQ((*lanes)->is_outermost, (std::vector<uint8_t>{1, 0}));
  EXPECT_EQ((*lanes)->end_ns - (*lanes)->begin_ns, 10'000'000'000);
}

// The workflows of a campaign need not have been begun one after the other.
TEST(TaskLanesOfAStore, AreOfTheCampaignAlone) {
  StoreForTest store;
  const std::string mine = store.campaign("c");
  const std::string other = store.campaign("d");
  const int first = store.workflow(mine, "train");
  const int between = store.workflow(other, "other");
  const int last = store.workflow(mine, "train");
  for (const int wf : {first, between, last, last}) store.task(wf, {"step", {}, {}});
  const Session session = store.session();
  const auto tasks = [&](ThingKind kind, const std::string& id) {
    const Thing thing{kind, id, "", ""};
    const auto lanes = read_task_lanes(session, &thing, false);
    return lanes.ok() ? (*lanes)->tasks() : SIZE_MAX;
  };
  EXPECT_EQ(tasks(ThingKind::kCampaign, mine), 3U);
  EXPECT_EQ(tasks(ThingKind::kCampaign, other), 1U);
  EXPECT_EQ(tasks(ThingKind::kWorkflow, StoreForTest::workflow_id(last)), 2U);
  EXPECT_EQ(tasks(ThingKind::kCampaign, random_uuid().text()), 0U);
}

TEST(TaskLanesOfAStore, TellProcessesOfOneNumberApart) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("c"), "train");
  store.task(wf, {"train", {}, {}});
  store.run(
      "INSERT INTO producer_row SELECT * REPLACE (2 AS producer, uid + 1 AS uid) FROM producer_row "
      "WHERE producer = 1; INSERT INTO task_slots SELECT * REPLACE (2 AS producer) FROM "
      "task_slots");
  const auto lanes = read_task_lanes(store.session(), nullptr, false);
  ASSERT_TRUE(lanes.ok()) << lanes.status().message();
  ASSERT_EQ((*lanes)->lanes.size(), 2U);
  EXPECT_EQ(lane_label((*lanes)->lanes[0]), "node1 · 42 (1)");
  EXPECT_EQ(lane_label((*lanes)->lanes[1]), "node1 · 42 (2)");
}

}  // namespace
}  // namespace headrace::query

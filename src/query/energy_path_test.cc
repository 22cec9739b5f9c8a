#include <gtest/gtest.h>

#include "query/layers_for_test.h"

namespace headrace::query {
namespace {

// From a campaign down to the layers of a task.
TEST(EnergyPath, StepsIntoTheLayersOfATask) {
  StoreForTest store;
  const int fit = store.workflow(store.campaign("c"), "fit");
  const int64_t task = store.task(fit, {"train", {}, {}});
  store.energy(task, "node/gpu-0", "10", "measured");
  layer(store, task, "net", "a", "forward", 1, 6'000'000);
  layer(store, task, "net", "b", "forward", 1, 2'500'000, "grouped");
  layer(store, task, "net", "NULL", "repeat", 0, 500'000, "NULL");
  layer(store, task, "net", "NULL", "NULL", 0, 1'000'000, "NULL");
  const Session session = store.session();
  const Json told = asked(session, "path", "fit");
  const Json::List& steps = list(told["steps"]);
  ASSERT_EQ(steps.size(), 5U);
  EXPECT_EQ(steps[3]["level"].text(), "domain");
  EXPECT_EQ(steps[3]["parts"].number().value_or(-1), 4);
  EXPECT_EQ(steps[3]["parts_sum_uj"].number().value_or(-1), 10'000'000);
  EXPECT_EQ(steps[3]["difference_uj"].number().value_or(-1), 0);
  EXPECT_EQ(list(steps[3]["largest"])[2]["name"].text(), "outside layers");
  EXPECT_EQ(steps[4]["level"].text() + " " + steps[4]["name"].text(), "layer net a forward");
  EXPECT_EQ(steps[4]["energy_uj"].number().value_or(-1), 6'000'000);
  EXPECT_NE(told["path"].text().find(".layer[\"net a forward\"].samples"), std::string::npos);
}

TEST(EnergyPath, LayersOfSeveralTasksAreAStepOfThemAll) {
  StoreForTest store;
  const int fit = store.workflow(store.campaign("c"), "fit");
  const int64_t first = store.task(fit, {"train", {}, {}});
  store.energy(first, "node/gpu-0", "7", "measured");
  store.energy(store.task(fit, {"train", {}, {}}), "node/gpu-0", "3", "measured");
  layer(store, first, "net", "a", "forward", 1, 9'000'000, "grouped");
  layer(store, first, "net", "NULL", "NULL", 0, 1'000'000, "NULL");
  const Session session = store.session();
  const Json told = asked(session, "path", "fit");
  const Json::List& steps = list(told["steps"]);
  ASSERT_EQ(steps.size(), 6U);
  EXPECT_EQ(steps[3]["energy_uj"].number().value_or(-1), 7'000'000);
  EXPECT_EQ(steps[4]["level"].text(), "alike");
  EXPECT_EQ(steps[4]["name"].text(), "2 tasks of train in the same process");
  EXPECT_EQ(steps[4]["energy_uj"].number().value_or(-1), 10'000'000);
  EXPECT_EQ(steps[4]["difference_uj"].number().value_or(-1), 0);
  EXPECT_EQ(steps[5]["name"].text(), "net a forward (grouped)");
}

}  // namespace
}  // namespace headrace::query

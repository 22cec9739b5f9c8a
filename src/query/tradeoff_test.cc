#include "query/tradeoff.h"

#include <gtest/gtest.h>

#include "query/store_for_test.h"

namespace headrace::query {
namespace {

// Three configurations with epochs inside, one that failed, and an evaluation of one of them.
Session study() {
  StoreForTest store;
  const std::string campaign = store.campaign("sweep");
  const int tune = store.workflow(campaign, "tune", R"({"corpus":"milton"})");
  const int evaluate = store.workflow(campaign, "evaluate");
  const double rates[] = {0.1, 0.2, 0.4};
  const double losses[] = {2.0, 1.5, 1.75};
  const char* joules[] = {"10", "40", "60"};
  for (int i = 0; i < 3; ++i) {
    const int64_t run = store.task(tune, {"finetune",
                                          {{"lr", rates[i]}, {"width", int64_t{64}}},
                                          {{"val_loss", losses[i]}},
                                          0,
                                          5.0 - i});
    store.energy(run, "node/cpu", joules[i], "estimated");
    for (int epoch = 0; epoch < 2; ++epoch) {
      store.task(tune,
                 {"epoch", {{"epoch", int64_t{epoch}}}, {{"val_loss", losses[i] + epoch}}, run});
    }
  }
  store.task(tune, {"finetune", {{"lr", 9.0}, {"width", int64_t{64}}}, {}, 0, 1, 3});
  store.task(evaluate, {"evaluate", {}, {{"val_loss", 1.5}}, 0, 0.5});
  store.task(evaluate, {"report", {}, {{"title", std::string("done")}}, 0, 0.5});
  return store.session();
}

TEST(Tradeoff, ComparesTheOutermostTasksThatGeneratedTheValue) {
  const Result<Tradeoff> answer = tradeoff(study(), {"sweep", Cost::kEnergy, "val_loss"});
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(answer->activity, "finetune");
  EXPECT_EQ(answer->other_activities, (std::vector<std::string>{"epoch", "evaluate"}));
  EXPECT_TRUE(answer->minimise);
  EXPECT_TRUE(answer->minimise_by_name);
  ASSERT_EQ(answer->rows.size(), 3u);
  EXPECT_EQ(answer->rows[0].label, "lr=0.1");
  EXPECT_EQ(answer->rows[1].label, "lr=0.2");
  EXPECT_EQ(answer->rows[2].label, "lr=0.4");
  EXPECT_TRUE(answer->rows[0].on_front);
  EXPECT_TRUE(answer->rows[1].on_front);
  EXPECT_FALSE(answer->rows[2].on_front);
  EXPECT_EQ(answer->rows[2].dominated_by, 1u);
  EXPECT_EQ(answer->rows[0].energy_j, 10.0);
  EXPECT_EQ(answer->rows[0].energy_truth, "estimated");
  ASSERT_EQ(answer->failed.size(), 1u);
  EXPECT_EQ(answer->failed[0].label, "lr=9");
  EXPECT_EQ(answer->failed[0].status, "failed");
}

TEST(Tradeoff, TimeAndDirectionChangeTheFront) {
  TradeoffQuestion question{"sweep", Cost::kTime, "val_loss", false};
  const Result<Tradeoff> answer = tradeoff(study(), question);
  ASSERT_TRUE(answer.ok());
  EXPECT_FALSE(answer->minimise_by_name);
  // Shortest first; 2.0 took longest and is the most, 1.75 the shortest.
  EXPECT_EQ(answer->rows[0].label, "lr=0.4");
  EXPECT_TRUE(answer->rows[0].on_front);
  EXPECT_EQ(answer->rows[1].dominated_by, 0u);
  EXPECT_TRUE(answer->rows[2].on_front);
}

TEST(Tradeoff, ActivityCanBeChosenAndLabelsComeFromAncestors) {
  TradeoffQuestion question{"sweep", Cost::kTime, "val_loss", std::nullopt, "epoch"};
  const Result<Tradeoff> answer = tradeoff(study(), question);
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  ASSERT_EQ(answer->rows.size(), 6u);
  std::set<std::string> labels;
  for (const TradeoffRow& row : answer->rows) labels.insert(row.label);
  EXPECT_TRUE(labels.contains("epoch=1 lr=0.2")) << *labels.begin();
  EXPECT_EQ(labels.size(), 6u);
}

TEST(Tradeoff, MissingEnergyIsSaidNotInvented) {
  const Result<Tradeoff> answer =
      tradeoff(study(), {"sweep", Cost::kEnergy, "val_loss", {}, "epoch"});
  ASSERT_TRUE(answer.ok());
  EXPECT_FALSE(answer->rows[0].energy_j.has_value());
  EXPECT_FALSE(answer->rows[0].on_front);
  EXPECT_NE(answer->note.find("no energy was sampled"), std::string::npos) << answer->note;
}

TEST(Tradeoff, MistakesNameWhatThereIs) {
  const Session session = study();
  Status status = tradeoff(session, {"swep", Cost::kTime, "val_loss"}).status();
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "there is no campaign swep; did you mean sweep?");
  status = tradeoff(session, {"sweep", Cost::kTime, "val_los"}).status();
  EXPECT_EQ(status.message(),
            "no task of campaign sweep generated val_los; did you mean val_loss?");
  status = tradeoff(session, {"sweep", Cost::kTime, "zzzzz"}).status();
  EXPECT_EQ(status.message(),
            "no task of campaign sweep generated zzzzz; they generated title and val_loss");
  status = tradeoff(session, {"sweep", Cost::kTime, "title"}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  status = tradeoff(session, {"sweep", Cost::kTime, "val_loss", {}, "epochs"}).status();
  EXPECT_NE(status.message().find("did you mean epoch?"), std::string::npos);
}

TEST(Tradeoff, TableHasAllOfIt) {
  const Result<Tradeoff> answer = tradeoff(study(), {"sweep", Cost::kEnergy, "val_loss"});
  ASSERT_TRUE(answer.ok());
  ResultTable table = tradeoff_table(*answer);
  ASSERT_TRUE(*table.next());
  EXPECT_EQ(table.rows(), 4u);
  EXPECT_EQ(table.cell(*table.column("config"), 2).text, "lr=0.4");
  EXPECT_EQ(table.cell(*table.column("val_loss"), 2).text, "1.75");
  EXPECT_EQ(table.cell(*table.column("dominated_by"), 2).text, "lr=0.2");
  EXPECT_EQ(table.cell(*table.column("task_id"), 0).text, StoreForTest::task_id(1));
  EXPECT_TRUE(table.cell(*table.column("energy_j"), 3).is_null);
}

TEST(DefaultMinimise, GoesByTheName) {
  EXPECT_TRUE(default_minimise("val_loss"));
  EXPECT_TRUE(default_minimise("Perplexity"));
  EXPECT_TRUE(default_minimise("test error"));
  EXPECT_FALSE(default_minimise("accuracy"));
}

TEST(Tradeoff, TakesTheValueThatSaysMostWhenNoneIsNamed) {
  EXPECT_EQ(likeliest_quality({"epoch", "epoch_val_loss", "loss"}), "epoch_val_loss");
  EXPECT_EQ(likeliest_quality({"epoch", "loss"}), "loss");
  EXPECT_EQ(likeliest_quality({"epoch", "step"}), "epoch");
  EXPECT_EQ(likeliest_quality({}), "");
}

}  // namespace
}  // namespace headrace::query

#include "query/regret.h"

#include <cmath>
#include <gtest/gtest.h>

#include "query/store_for_test.h"
#include "query/tradeoff.h"

namespace headrace::query {
namespace {

void log(StoreForTest& store, int workflow, int64_t task, int64_t at_ns,
         const std::string& values) {
  store.run("INSERT INTO log_row VALUES (" + std::to_string(workflow) + ", 1, " +
            (task == 0 ? "NULL" : std::to_string(task)) + ", " + std::to_string(at_ns) +
            ", 0, NULL, '" + values + "')");
}

// Four runs of ten seconds, one after the other; a point each second.
constexpr int64_t kSecond = 1'000'000'000;
int64_t run(StoreForTest& store, int workflow, double lr, double last) {
  const int64_t task = store.task(workflow, {"train", {{"lr", lr}}, {{"loss", last}}, 0, 10});
  const int64_t begin_ns = task * 20 * kSecond;
  store.run("UPDATE task_slots SET ts = " + std::to_string(begin_ns) +
            " WHERE seq = " + std::to_string(task));
  for (int i = 1; i <= 10; ++i) {
    log(store, workflow, task, begin_ns + i * kSecond,
        "{\"step\":" + std::to_string(i) + ",\"loss\":" + std::to_string(last + 10 - i) + "}");
  }
  store.energy(task, "node/cpu", "100", "measured");
  return task;
}

Session sweep() {
  StoreForTest store;
  const int workflow = store.workflow(store.campaign("sweep"), "tune");
  const double lasts[] = {2, 3, 2.5, 4, 1, 8};
  for (int i = 0; i < 6; ++i) run(store, workflow, 0.1 * (i + 1), lasts[i]);
  return store.session();
}

TEST(Regret, SaysWhatEachRuleWouldHaveSaved) {
  RegretQuestion question{"sweep", "loss"};
  question.grace = 3;
  const Result<Regret> answer = regret(sweep(), question);
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(answer->activity, "train");
  EXPECT_TRUE(answer->minimise && answer->minimise_by_name && answer->logged);
  ASSERT_EQ(answer->runs.size(), 6u);
  EXPECT_EQ(answer->runs[4].label, "lr=0.5");
  EXPECT_EQ(answer->runs[4].best, 1);
  EXPECT_EQ(answer->best_run, 4u);
  EXPECT_DOUBLE_EQ(answer->time_s, 60);
  EXPECT_DOUBLE_EQ(*answer->energy_j, 600);
  EXPECT_EQ(answer->energy_truth, "measured");
  const auto median =
      std::find_if(answer->outcomes.begin(), answer->outcomes.end(),
                   [](const RuleOutcome& o) { return o.rule.kind == RuleKind::kMedian; });
  // Averages at point 3 are last + 8; the median of {10 11 10.5} is 10.5, of {.. 12} 10.75. The
  // best at point 3 is last + 7: only 8 + 7 is worse.
  EXPECT_EQ(median->stops[5], Stop(3));
  EXPECT_EQ(median->stopped, 2u);  // 4 + 7 is worse than 10.5 too
  EXPECT_EQ(median->stops[3], Stop(3));
  EXPECT_TRUE(median->keeps_best);
  EXPECT_DOUBLE_EQ(median->time_s, 46);
  EXPECT_DOUBLE_EQ(*median->energy_j, 460);
}

TEST(Regret, TheSentenceIsOfTheCheapestRuleThatKeepsTheBest) {
  RegretQuestion question{"sweep", "loss"};
  question.grace = 3;
  question.rules = {RuleKind::kMedian, RuleKind::kPatience};
  const Result<Regret> answer = regret(sweep(), question);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(regret_sentence(*answer),
            "23 % of the time and energy bought nothing: median keeps the same best model (lr=0.5) "
            "at 77 %.");
  ResultTable table = regret_table(*answer);
  ASSERT_TRUE(*table.next());
  EXPECT_EQ(table.rows(), 3u);
  EXPECT_EQ(table.cell(*table.column("rule"), 1).text, "median");
  ResultTable stops = regret_stops_table(*answer);
  ASSERT_TRUE(*stops.next());
  EXPECT_EQ(stops.rows(), 2u);
  EXPECT_EQ(stops.cell(*stops.column("time_saved_s"), 0).real, 7);
  EXPECT_EQ(stops.cell(*stops.column("energy_saved_j"), 0).real, 70);
  EXPECT_EQ(regret_json(*answer)["rules"].as<Json::List>()->size(), 2u);
}

TEST(Regret, ARuleThatStopsTheBestRunLosesIt) {
  StoreForTest store;
  const int workflow = store.workflow(store.campaign("sweep"), "tune");
  for (const double last : {2.0, 3.0, 4.0}) run(store, workflow, last, last);
  const int64_t late = store.task(workflow, {"train", {{"lr", 9.0}}, {{"loss", 0.0}}, 0, 10});
  store.run("UPDATE task_slots SET ts = 900000000000 WHERE seq = " + std::to_string(late));
  for (int i = 1; i <= 10; ++i) {
    log(store, workflow, late, 900 * kSecond + i * kSecond,
        i < 9 ? "{\"loss\": 99}" : "{\"loss\": 0.5}");
  }
  RegretQuestion question{"sweep", "loss"};
  question.rules = {RuleKind::kMedian};
  const Result<Regret> answer = regret(store.session(), question);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->best_run, 3u);
  EXPECT_FALSE(answer->outcomes[0].keeps_best);
  EXPECT_EQ(answer->outcomes[0].best, 2);
  EXPECT_EQ(regret_sentence(*answer), "Every rule would have lost the best model (lr=9).");
  EXPECT_FALSE(answer->energy_j.has_value());  // one run has no figure
}

TEST(Regret, PointsOfEpochsAreTheirParents) {
  StoreForTest store;
  const int workflow = store.workflow(store.campaign("sweep"), "tune");
  for (int i = 0; i < 3; ++i) {
    const int64_t run = store.task(workflow, {"train", {{"lr", 0.5 * (i + 1)}}, {}, 0, 3});
    for (int epoch = 0; epoch < 3; ++epoch) {
      store.task(workflow,
                 {"epoch", {{"epoch", int64_t{epoch}}}, {{"acc", i + epoch * 0.1}}, run, 1});
    }
  }
  const Result<Regret> answer = regret(store.session(), {"sweep", "acc"});
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_FALSE(answer->logged);
  EXPECT_FALSE(answer->minimise);
  EXPECT_EQ(answer->activity, "train");
  ASSERT_EQ(answer->runs.size(), 3u);
  EXPECT_EQ(answer->runs[2].label, "lr=1.5");
  EXPECT_DOUBLE_EQ(answer->runs[2].best, 2.2);
  EXPECT_EQ(answer->runs[2].best_point, 3u);
}

TEST(Regret, WorkflowsAreRunsWhereNoTaskIsAround) {
  StoreForTest store;
  const std::string campaign = store.campaign("sweep");
  for (int i = 1; i <= 2; ++i) {
    const int workflow = store.workflow(campaign, "train", "{\"lr\":" + std::to_string(i) + "}");
    for (int k = 1; k <= 4; ++k) {
      log(store, workflow, 0, (1 + k) * kSecond, "{\"loss\":" + std::to_string(i * 10 - k) + "}");
    }
  }
  store.run("UPDATE workflow_row SET status = 1, end_ns = NULL WHERE wf = 2");
  const Result<Regret> answer = regret(store.session(), {"sweep"});
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(answer->metric, "loss");
  EXPECT_EQ(answer->activity, "");
  ASSERT_EQ(answer->runs.size(), 2u);
  EXPECT_EQ(answer->runs[1].label, "lr=2");
  EXPECT_TRUE(answer->is_live);
  ResultTable live = regret_live_table(*answer);
  ASSERT_TRUE(*live.next());
  EXPECT_EQ(live.rows(), 1u);
  EXPECT_EQ(live.cell(*live.column("halving"), 0).text, "stop, since point 1");
  EXPECT_EQ(live.cell(*live.column("patience"), 0).text, "go on");
}

TEST(Regret, MistakesNameWhatThereIs) {
  const Session session = sweep();
  EXPECT_EQ(regret(session, {"sweep", "los"}).status().message(),
            "no run of campaign sweep logged or generated los; did you mean loss?");
  EXPECT_EQ(regret(session, {"sweep", "zzz"}).status().message(),
            "no run of campaign sweep logged or generated zzz; they logged loss and step");
  EXPECT_EQ(regret(session, {"swee"}).status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(regret(session, {"sweep"}).ok());  // of loss and step only one is a quality
  EXPECT_NE(regret(session, {"sweep", "loss", {}, "eval"}).status().message().find("train"),
            std::string::npos);
}

TEST(TradeoffTarget, SaysWhenItWasReachedAndAtWhatCost) {
  TradeoffQuestion question{"sweep", Cost::kTime, "loss"};
  question.target = *parse_target("loss <= 4");
  question.objectives = {{"loss"}, {"target_time"}, {"used.lr", false}};
  const Result<Tradeoff> answer = tradeoff(sweep(), question);
  ASSERT_TRUE(answer.ok()) << answer.status().message();
  EXPECT_EQ(answer->target, "loss<=4");
  for (const TradeoffRow& row : answer->rows) {
    const double needed =
        std::ceil(10 + *row.quality - 4);  // the point at which last + 10 - i is 4
    EXPECT_EQ(row.target_s, needed > 10 ? std::nullopt : std::optional<double>(needed));
    EXPECT_EQ(row.target_j.has_value(), row.target_s.has_value());
    EXPECT_DOUBLE_EQ(row.target_j.value_or(0), 10 * row.target_s.value_or(0));
  }
  EXPECT_EQ(answer->quality, "loss");
  EXPECT_FALSE(answer->objectives[2].minimise);
  EXPECT_EQ(tradeoff(sweep(), {"sweep", Cost::kTime, "loss", {}, {}, {{"loss"}, {"target_time"}}})
                .status()
                .code(),
            StatusCode::kInvalidArgument);
}

TEST(TradeoffTarget, IsUnderstoodOrSaidNotToBe) {
  EXPECT_TRUE(parse_target("acc>=0.5")->reached_by(0.5));
  EXPECT_FALSE(parse_target("acc>0.5")->reached_by(0.5));
  EXPECT_TRUE(parse_target("val loss<2")->reached_by(1));
  for (const char* wrong : {"loss", "loss<", "<2", "loss<x", "loss=2", "loss<2x"}) {
    EXPECT_FALSE(parse_target(wrong).ok()) << wrong;
  }
}

TEST(TradeoffEffects, StepsAndParameters) {
  const Result<Tradeoff> answer = tradeoff(sweep(), {"sweep", Cost::kEnergy, "loss"});
  ASSERT_TRUE(answer.ok());
  ASSERT_EQ(answer->effects.size(), 2u);
  EXPECT_EQ(answer->effects[0].objective, "loss");
  EXPECT_EQ(answer->effects[0].effects.effects.front().factor, "lr");
  EXPECT_TRUE(answer->steps.empty());  // all cost the same: one is best
  ResultTable table = tradeoff_effects_table(*answer);
  ASSERT_TRUE(*table.next());
  EXPECT_EQ(table.rows(), 2u);
}

}  // namespace
}  // namespace headrace::query

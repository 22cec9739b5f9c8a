#include "report/document.h"

#include "gtest/gtest.h"
#include "query/tradeoff.h"
#include "report/sweep_for_test.h"

namespace headrace::report {
namespace {

using query::Json;
using query::StoreForTest;

Json report_of(const query::Session& session, const ReportQuestion& question = {}) {
  Result<Json> json = report_json(session, question);
  EXPECT_TRUE(json.ok()) << json.status().message();
  return json.ok() ? std::move(*json) : Json();
}
// The report of it all, made once.
const Json& sweep_report() {
  static const Json report = report_of(sweep());
  return report;
}
const Json::List& list(const Json& json) { return *json.as<Json::List>(); }

TEST(Document, TheCampaignAddsUpItsTasksWithoutAParent) {
  const Json& report = sweep_report();
  EXPECT_EQ(report["of"]["name"].text(), "sweep </script>");
  EXPECT_EQ(report["of"]["tasks"].number(), 10);
  // 3 + 10 + 20 + 30 + 40; the epochs are inside their tasks.
  EXPECT_EQ(report["of"]["energy"]["energy_j"].number(), 103);
  EXPECT_EQ(report["of"]["energy"]["truth"].text(), "estimated");
  ASSERT_EQ(list(report["workflows"]).size(), 2u);
  const Json& train = list(report["workflows"])[1];
  EXPECT_EQ(train["energy"]["energy_j"].number(), 100);
  EXPECT_EQ(train["tasks"].number(), 9);
  EXPECT_EQ(train["failed"].number(), 1);
  EXPECT_EQ(train["command"].text(), "python train.py");
}

TEST(Document, TheTradeoffIsTheOneOfTheCommand) {
  const query::Session& session = sweep();
  const Json& report = sweep_report();
  const Json& tradeoff = report["tradeoff"];
  EXPECT_EQ(tradeoff["quality"].text(), "val_loss");
  EXPECT_EQ(tradeoff["factors"].dump(), R"(["lr"])");
  EXPECT_EQ(tradeoff["constants"].dump(), R"([{"name":"seed","value":7}])");
  const auto& rows = list(tradeoff["configurations"]);
  ASSERT_EQ(rows.size(), 5u);
  for (const auto& [cost, front, by] :
       {std::tuple{query::Cost::kEnergy, "energy_front", "energy_dominated_by"},
        std::tuple{query::Cost::kTime, "time_front", "time_dominated_by"}}) {
    query::TradeoffQuestion question;
    question.campaign = "sweep </script>";
    question.cost = cost;
    question.quality = "val_loss";
    const auto answer = query::tradeoff(session, question);
    ASSERT_TRUE(answer.ok()) << answer.status().message();
    for (const query::TradeoffRow& row : answer->rows) {
      const auto same = std::find_if(rows.begin(), rows.end(), [&row](const Json& configuration) {
        return configuration["task_id"].text() == row.task_id;
      });
      ASSERT_NE(same, rows.end());
      EXPECT_EQ((*same)[front], Json(row.on_front));
      EXPECT_EQ((*same)[by].is_null(), !row.dominated_by);
      if (row.dominated_by) {
        EXPECT_EQ((*same)[by].text(), answer->rows[*row.dominated_by].task_id);
      }
      EXPECT_EQ((*same)["energy_j"].number(), row.energy_j);
      EXPECT_EQ((*same)["time_s"].number(), row.time_s);
      EXPECT_EQ(tradeoff["best"].text() == row.task_id, row.quality == 2.0);
    }
  }
  EXPECT_TRUE(rows[4]["quality"].is_null()) << "the failed one stands last";
}

TEST(Document, TheLineageIsTheBestConfigurationsModel) {
  const Json& lineage = sweep_report()["lineage"];
  EXPECT_EQ(lineage["name"].text(), "m1");
  std::vector<std::string> labels;
  for (const Json& node : list(lineage["nodes"])) labels.push_back(node["label"].text());
  std::sort(labels.begin(), labels.end());
  EXPECT_EQ(labels, (std::vector<std::string>{"clean", "data.npy", "m1", "raw.txt", "train"}));
  EXPECT_EQ(list(lineage["edges"]).size(), 4u);
  EXPECT_FALSE(list(lineage["lines"]).empty());
}

TEST(Document, AnObjectMayBeNamed) {
  const Json lineage = report_of(sweep(), {.object = "data.npy"})["lineage"];
  EXPECT_EQ(lineage["name"].text(), "data.npy");
  EXPECT_EQ(list(lineage["edges"]).size(), 2u);
}

TEST(Document, WithoutAQualityItSaysSo) {
  StoreForTest store;
  const int workflow = store.workflow(store.campaign("plain"), "only");
  store.task(workflow, {"act", {}, {{"rows", int64_t{3}}}});
  const Json report = report_of(store.session());
  EXPECT_TRUE(report["tradeoff"].is_null());
  EXPECT_NE(report["tradeoff_missing"].text().find("--quality NAME"), std::string::npos);
  EXPECT_TRUE(report["lineage"].is_null());
  EXPECT_FALSE(report["lineage_missing"].is_null());
  EXPECT_TRUE(report["of"]["energy"].is_null());
}

TEST(Document, ValuesThatTellConfigurationsApartOnlyInTheirWorkflowsAreStillNamed) {
  StoreForTest store;
  const std::string campaign = store.campaign("split");
  for (const char* used : {R"({"model":"small"})", R"({"model":"large"})"}) {
    const int workflow = store.workflow(campaign, "train", used);
    store.task(workflow, {"train", {{"seed", int64_t{7}}}, {{"accuracy", 0.5}}});
  }
  const Json tradeoff = report_of(store.session())["tradeoff"];
  EXPECT_EQ(tradeoff["factors"].dump(), R"(["configuration"])");
  EXPECT_EQ(list(tradeoff["configurations"])[0]["factors"].dump(), R"(["model=small"])");
  EXPECT_EQ(tradeoff["minimise"], Json(false));
}

TEST(Document, WhatIsNotThereIsNotFound) {
  const query::Session& session = sweep();
  for (const ReportQuestion& question :
       {ReportQuestion{.of = "swep"}, ReportQuestion{.quality = "val_los"},
        ReportQuestion{.activity = "trian"}, ReportQuestion{.object = "nothing.pt"}}) {
    const Result<Json> json = report_json(session, question);
    ASSERT_FALSE(json.ok());
    EXPECT_EQ(json.status().code(), StatusCode::kNotFound) << json.status().message();
  }
  EXPECT_FALSE(report_json(StoreForTest().session(), {}).ok());
}

TEST(Document, IsOfAWorkflowToo) {
  const Json report = report_of(sweep(), {.of = "train"});
  EXPECT_EQ(report["of"]["kind"].text(), "workflow");
  EXPECT_EQ(report["of"]["campaign"].text(), "sweep </script>");
  EXPECT_EQ(report["of"]["tasks"].number(), 9);
  EXPECT_EQ(report["of"]["energy"]["energy_j"].number(), 100);
  EXPECT_EQ(list(report["workflows"]).size(), 1u);
  EXPECT_NE(report["tradeoff_missing"].text().find("CAMPAIGN"), std::string::npos);
  EXPECT_EQ(list(report["views"]["graphs"]).size(), 1u);
}

TEST(Document, WithoutACampaignTheLatestWorkflowIsMeant) {
  StoreForTest store;
  store.task(store.workflow("", "alone"), {"act", {}, {}});
  const Json report = report_of(store.session());
  EXPECT_EQ(report["of"]["name"].text(), "alone");
  EXPECT_NE(report["views"]["curves_missing"].text().find("hr.campaign"), std::string::npos);
}

TEST(Document, FewerTasksThanThereAreIsSaid) {
  const Json tasks = report_of(sweep(), {.most_tasks = 3})["tasks"];
  EXPECT_EQ(tasks["rows"].number(), 3);
  EXPECT_EQ(tasks["total"].number(), 10);
}

TEST(Document, ThePageHoldsTheDocumentSafely) {
  const Result<std::string> page = report_page(sweep(), {});
  ASSERT_TRUE(page.ok()) << page.status().message();
  EXPECT_EQ(page->find("sweep </script>"), std::string::npos);
  EXPECT_NE(page->find("sweep \\u003c/script\\u003e"), std::string::npos);
}

}  // namespace
}  // namespace headrace::report

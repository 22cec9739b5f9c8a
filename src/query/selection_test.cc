#include "query/selection.h"

#include <cmath>
#include <gtest/gtest.h>
#include <set>
#include <string>

#include "query/filter_names.h"
#include "query/filter_parser.h"
#include "query/store_for_test.h"

namespace headrace::query {
namespace {

// Six tasks; 5 failed, 6 has a value of another type.
Session study() {
  StoreForTest store;
  const int tune = store.workflow(store.campaign("my study"), "tune", R"({"seed":7})");
  const int other = store.workflow(store.campaign("other"), "prepare", R"({"deep":{"a":[1,2]}})");
  store.task(tune, {"train", {{"lr", 0.1}, {"opt", std::string("adam")}}, {{"loss", 2.5}}});
  store.task(tune, {"train", {{"lr", 0.01}, {"opt", std::string("sgd")}}, {{"loss", 1.5}}, 0, 3.0});
  store.task(tune, {"train", {{"lr", 0.001}, {"val set", true}}, {{"loss", 0.5}}, 0, 0.5});
  store.task(other, {"clean", {{"path", std::string("50%_a.txt")}}, {}});
  store.task(other, {"train", {{"lr", 1.0}}, {}, 0, 1.0, 3});
  store.task(tune, {"odd", {{"lr", std::string("high")}, {"n", int64_t{5}}}, {{"loss", 0.25}}});
  store.energy(1, "node/cpu", "10", "estimated");
  store.energy(1, "node/cpu-0", "700", "measured");
  store.energy(1, "node/gpu-0", "1000", "measured");
  store.energy(2, "node/cpu", "20", "estimated");
  store.object("model", "/data/model.pt", "abcdef0123");
  store.object("dataset", "/data/corpus.bin", "1234567890");
  return store.session();
}

// The numbers of the tasks that a filter takes.
std::set<int> taken(const Session& session, const std::string& text) {
  const Result<Filter> filter = parse_filter(text, FilterView::kTask);
  EXPECT_TRUE(filter.ok()) << text << ": " << filter.status().message();
  Selection wanted;
  if (filter.ok()) wanted.filter = *filter;
  wanted.columns = {{"task_id"}};
  Result<ResultTable> rows = select(session, wanted);
  EXPECT_TRUE(rows.ok()) << text << ": " << rows.status().message();
  std::set<int> out;
  while (rows.ok() && rows->next().ok() && rows->rows() > 0) {
    for (size_t i = 0; i < rows->rows(); ++i) {
      for (int task = 1; task <= 6; ++task) {
        if (rows->cell(0, i).text == StoreForTest::task_id(task)) out.insert(task);
      }
    }
  }
  const Result<uint64_t> counted = count(session, wanted);
  EXPECT_TRUE(counted.ok());
  EXPECT_EQ(counted.ok() ? *counted : 0, out.size()) << text;
  return out;
}

using Tasks = std::set<int>;

TEST(Selection, TakesTheTasksMeant) {
  const Session s = study();
  EXPECT_EQ(taken(s, ""), (Tasks{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(taken(s, "activity:train"), (Tasks{1, 2, 3, 5}));
  EXPECT_EQ(taken(s, "activity:tr*,odd"), (Tasks{1, 2, 3, 5, 6}));
  EXPECT_EQ(taken(s, "activity!=train"), (Tasks{4, 6}));
  EXPECT_EQ(taken(s, "activity:nothing"), (Tasks{}));
  EXPECT_EQ(taken(s, "status:failed"), (Tasks{5}));
  EXPECT_EQ(taken(s, "-status:failed activity:train"), (Tasks{1, 2, 3}));
  EXPECT_EQ(taken(s, "used.lr<0.05"), (Tasks{2, 3}));
  EXPECT_EQ(taken(s, "used.lr:0.01..0.1"), (Tasks{1, 2}));
  EXPECT_EQ(taken(s, "used.lr:0.1.."), (Tasks{1, 5}));
  EXPECT_EQ(taken(s, "used.lr:high"), (Tasks{6}));
  EXPECT_EQ(taken(s, "used.lr:*"), (Tasks{1, 2, 3, 5, 6}));
  EXPECT_EQ(taken(s, "used.lr!=0.1"), (Tasks{2, 3, 5, 6}));
  EXPECT_EQ(taken(s, "-used.lr:0.1"), (Tasks{2, 3, 4, 5, 6}));
  EXPECT_EQ(taken(s, "-generated.loss:*"), (Tasks{4, 5}));
  EXPECT_EQ(taken(s, "used.opt:adam,sgd"), (Tasks{1, 2}));
  EXPECT_EQ(taken(s, "used.opt~^a"), (Tasks{1}));
  EXPECT_EQ(taken(s, "used.\"val set\":true"), (Tasks{3}));
  EXPECT_EQ(taken(s, "used.\"val set\"=true"), (Tasks{3}));
  EXPECT_EQ(taken(s, "used.path:50%_*"), (Tasks{4}));
  EXPECT_EQ(taken(s, "used.path:50%?b*"), (Tasks{}));
  EXPECT_EQ(taken(s, "used.nothing:*"), (Tasks{}));
  EXPECT_EQ(taken(s, "-used.nothing:*"), (Tasks{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(taken(s, "campaign:\"my study\""), (Tasks{1, 2, 3, 6}));
  EXPECT_EQ(taken(s, "workflow:prepare"), (Tasks{4, 5}));
  EXPECT_EQ(taken(s, "workflow:" + StoreForTest::workflow_id(2).substr(0, 8)), (Tasks{4, 5}));
  EXPECT_EQ(taken(s, "duration>2s"), (Tasks{2}));
  EXPECT_EQ(taken(s, "duration:500ms..1"), (Tasks{1, 3, 4, 5, 6}));
  EXPECT_EQ(taken(s, "hostname:node* pid:42"), (Tasks{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(taken(s, "hostname:other OR pid:41"), (Tasks{}));
  EXPECT_EQ(taken(s, "started:1970"), (Tasks{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(taken(s, "started>=today"), (Tasks{}));
  EXPECT_EQ(taken(s, "id:" + StoreForTest::task_id(3)), (Tasks{3}));
  EXPECT_EQ(taken(s, "id:" + StoreForTest::task_id(3).substr(0, 8) + ".." +
                         StoreForTest::task_id(3).substr(32)),
            (Tasks{3}));
  EXPECT_EQ(taken(s, "id:**"), (Tasks{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(taken(s, "attributes.subtype:*"), (Tasks{}));
  EXPECT_EQ(taken(s, "odd"), (Tasks{6}));
  EXPECT_EQ(taken(s, "STUDY"), (Tasks{1, 2, 3, 6}));
  EXPECT_EQ(taken(s, "prep*"), (Tasks{4, 5}));
  EXPECT_EQ(taken(s, "(activity:odd OR status:failed) -used.n:5"), (Tasks{5}));
}

// 700 + 1000 J: the estimate of the processors does not count beside their sensor.
TEST(Selection, EnergyIsOverDomainsThatDoNotOverlap) {
  const Session s = study();
  EXPECT_EQ(taken(s, "energy>1.5kJ"), (Tasks{1}));
  EXPECT_EQ(taken(s, "energy:1700"), (Tasks{1}));
  EXPECT_EQ(taken(s, "energy<=20J"), (Tasks{2}));
  EXPECT_EQ(taken(s, "-energy:*"), (Tasks{3, 4, 5, 6}));
}

TEST(Selection, NothingOfTheFilterRunsAsSql) {
  const Session s = study();
  for (const std::string text :
       {"used.\"lr') OR true --\":*", "activity:\"x') OR (1=1\"", "used.opt:\"' OR ''='\"",
        "used.opt:\"'; DROP TABLE task_slots; --\"", "campaign:\"\\\\' OR true\"",
        "used.\"a\\\"b\".\"c'd\":1", "used.opt~\"'\"", "\"') OR true --\""}) {
    EXPECT_EQ(taken(s, text), (Tasks{})) << text;
  }
  EXPECT_EQ(taken(s, "").size(), 6u);
}

std::vector<std::string> column(const Session& session, const Selection& wanted, size_t which = 0) {
  Result<ResultTable> rows = select(session, wanted);
  EXPECT_TRUE(rows.ok()) << rows.status().message();
  std::vector<std::string> out;
  while (rows.ok() && *rows->next()) {
    for (size_t i = 0; i < rows->rows(); ++i) {
      const Cell cell = rows->cell(which, i);
      out.push_back(cell.is_null ? "NULL" : cell.text);
    }
  }
  return out;
}

TEST(Selection, SortsLimitsAndChoosesColumns) {
  const Session s = study();
  Selection wanted;
  wanted.filter = *parse_filter("activity:train", FilterView::kTask);
  wanted.columns = *parse_columns("generated.loss, id, used.lr", FilterView::kTask);
  wanted.sort = *parse_sort("-generated.loss,started", FilterView::kTask);
  EXPECT_EQ(column(s, wanted), (std::vector<std::string>{"2.5", "1.5", "0.5", "NULL"}));
  wanted.limit = 2;
  wanted.offset = 1;
  EXPECT_EQ(column(s, wanted), (std::vector<std::string>{"1.5", "0.5"}));
  EXPECT_EQ(*count(s, wanted), 4u);
  wanted.sort = *parse_sort("generated.loss", FilterView::kTask);
  wanted.absent_first = true;
  wanted.offset = 0;
  EXPECT_EQ(column(s, wanted), (std::vector<std::string>{"NULL", "0.5"}));
  // A value that no row has orders nothing.
  wanted.sort = *parse_sort("used.nowhere,-generated.loss", FilterView::kTask);
  EXPECT_EQ(column(s, wanted), (std::vector<std::string>{"2.5", "1.5"}));
  wanted.absent_first = false;
  EXPECT_EQ(column(s, wanted), (std::vector<std::string>{"2.5", "1.5"}));
  EXPECT_NE(parse_sort("generated.loss nothing", FilterView::kTask).status().message().find('^'),
            std::string::npos);
  EXPECT_NE(parse_columns("id,acivity", FilterView::kTask).status().message().find("activity"),
            std::string::npos);
}

TEST(Selection, AStarIsAColumnForEachValueThatTheRowsHave) {
  const Session s = study();
  Selection wanted;
  wanted.filter = *parse_filter("activity:train", FilterView::kTask);
  wanted.columns = {{"activity"}, {"used", "*"}, {"generated", "*"}};
  Result<ResultTable> rows = select(s, wanted);
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  std::vector<std::string> names;
  for (const ResultColumn& c : rows->columns()) names.push_back(c.name);
  EXPECT_EQ(names, (std::vector<std::string>{"activity", "used.lr", "used.opt", "used.val set",
                                             "generated.loss"}));
  wanted.columns = {};
  wanted.filter = *parse_filter("used.lr<0.05", FilterView::kTask);
  rows = select(s, wanted);
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  ASSERT_TRUE(*rows->next());
  EXPECT_EQ(rows->json(*rows->column("used"), 0)["lr"], Json(0.01));
}

TEST(Selection, Groups) {
  const Session s = study();
  Selection wanted;
  wanted.group_by = {{"activity"}};
  wanted.aggregates = {{"count", {}, ""}, {"avg", {"used", "lr"}, ""}};
  wanted.filter = *parse_filter("-activity:odd", FilterView::kTask);
  EXPECT_EQ(column(s, wanted, 0), (std::vector<std::string>{"clean", "train"}));
  EXPECT_EQ(column(s, wanted, 1), (std::vector<std::string>{"1", "4"}));
  Result<ResultTable> rows = select(s, wanted);
  EXPECT_EQ(rows->columns()[2].name, "avg_used_lr");
  wanted.aggregates = {{"mean", {"used", "lr"}, ""}};
  EXPECT_NE(select(s, wanted).status().message().find("there is no aggregate mean"),
            std::string::npos);
}

size_t rows_of(const Session& session, FilterView view, const std::string& text) {
  const Result<Filter> filter = known_filter(session, text, view);
  EXPECT_TRUE(filter.ok()) << text << ": " << filter.status().message();
  Selection wanted;
  wanted.view = view;
  if (filter.ok()) wanted.filter = *filter;
  const Result<uint64_t> counted = count(session, wanted);
  EXPECT_TRUE(counted.ok()) << text << ": " << counted.status().message();
  const Result<ResultTable> rows = select(session, wanted);
  EXPECT_TRUE(rows.ok()) << text << ": " << rows.status().message();
  return counted.ok() ? *counted : 99;
}

TEST(Selection, OtherViews) {
  const Session s = study();
  EXPECT_EQ(rows_of(s, FilterView::kWorkflow, "name:tune"), 1u);
  EXPECT_EQ(rows_of(s, FilterView::kWorkflow, "used.seed:7"), 1u);
  EXPECT_EQ(rows_of(s, FilterView::kWorkflow, "used.deep.a:2"), 1u);
  EXPECT_EQ(rows_of(s, FilterView::kWorkflow, "used.deep.a:3"), 0u);
  EXPECT_EQ(rows_of(s, FilterView::kWorkflow, "used.deep:* -used.seed:*"), 1u);
  EXPECT_EQ(rows_of(s, FilterView::kWorkflow, "tasks>2 duration:8s status:finished"), 1u);
  EXPECT_EQ(rows_of(s, FilterView::kWorkflow, "campaign:other"), 1u);
  EXPECT_EQ(rows_of(s, FilterView::kWorkflow, "study"), 1u);
  EXPECT_EQ(rows_of(s, FilterView::kObject, "kind:model size<2kB sha256:abcdef"), 1u);
  EXPECT_EQ(rows_of(s, FilterView::kObject, "corpus"), 1u);
  EXPECT_EQ(rows_of(s, FilterView::kObject, "created:1970 path:/data/*"), 2u);
  EXPECT_EQ(rows_of(s, FilterView::kCampaign, "tasks:4 name:\"my study\""), 1u);
  EXPECT_EQ(rows_of(s, FilterView::kCampaign, "-note:* started<2026"), 2u);
}

TEST(Selection, SqlOnTheTasksThatAFilterTakes) {
  const Session s = study();
  const auto value = [&](const std::string& sql, const std::string& text) {
    Result<ResultTable> rows = s.sql(sql, *parse_filter(text, FilterView::kTask));
    EXPECT_TRUE(rows.ok()) << rows.status().message();
    return rows.ok() && *rows->next() ? rows->cell(0, 0).text : "";
  };
  EXPECT_EQ(value("SELECT count(*) FROM task", "used.lr<0.05"), "2");
  EXPECT_EQ(value("SELECT max(generated.loss) FROM task WHERE used.lr > 0", "used.lr<0.05"), "1.5");
  EXPECT_EQ(value("SELECT used->>'$.lr' FROM task", "energy>1kJ status:finished"), "0.1");
  EXPECT_EQ(value("SELECT count(*) FROM (SELECT * FROM task)", "-activity:train"), "2");
  EXPECT_EQ(value("SELECT count(*) FROM workflow", "activity:odd"), "2");
}

TEST(FilterNames, WhatNothingHasIsAMistake) {
  const Session s = study();
  const auto message = [&](const std::string& text, FilterView view = FilterView::kTask) {
    return known_filter(s, text, view).status().message();
  };
  EXPECT_EQ(message("status:failed used.lrr<1"),
            "no task has used.lrr; did you mean used.lr?\n"
            "  status:failed used.lrr<1\n"
            "                ^");
  EXPECT_EQ(message("used.loss<1"),
            "no task has used.loss; it is generated.loss\n  used.loss<1\n  ^");
  EXPECT_EQ(message("activity:trian"),
            "there is no activity trian; did you mean train?\n  activity:trian\n           ^");
  EXPECT_NE(message("tag:best").find("none has a tag yet"), std::string::npos);
  EXPECT_NE(message("used.sed:7", FilterView::kWorkflow).find("used.seed"), std::string::npos);
  EXPECT_TRUE(known_filter(s, "activity:tr* used.LR<1 campaign:other", FilterView::kTask).ok());
}

std::vector<std::string> completed(const Session& session, const std::string& text,
                                   FilterView view = FilterView::kTask) {
  const Result<Completions> found = complete_filter(session, text, text.size(), view);
  EXPECT_TRUE(found.ok()) << found.status().message();
  std::vector<std::string> out;
  for (const Completion& one : found->items) {
    out.push_back(text.substr(0, found->begin) + one.text + text.substr(found->end));
  }
  return out;
}

TEST(FilterNames, CompletionsComeFromTheStore) {
  const Session s = study();
  using List = std::vector<std::string>;
  EXPECT_EQ(completed(s, "stat"), (List{"status:"}));
  EXPECT_EQ(completed(s, "pid:1 -energ"), (List{"pid:1 -energy:"}));
  EXPECT_EQ(completed(s, "status:f"), (List{"status:finished", "status:failed"}));
  EXPECT_EQ(completed(s, "status:failed,lo"), (List{"status:failed,lost"}));
  EXPECT_EQ(completed(s, "used.o"), (List{"used.opt"}));
  EXPECT_EQ(completed(s, "used."),
            (List{"used.lr", "used.n", "used.opt", "used.path", "used.\"val set\""}));
  EXPECT_EQ(completed(s, "used.\"val"), (List{"used.\"val set\""}));
  EXPECT_EQ(completed(s, "(activity:"),
            (List{"(activity:clean", "(activity:odd", "(activity:train"}));
  EXPECT_EQ(completed(s, "campaign:m"), (List{"campaign:\"my study\""}));
  EXPECT_EQ(completed(s, "campaign:\"my"), (List{"campaign:\"my study\""}));
  EXPECT_EQ(completed(s, "used.opt:"), (List{"used.opt:adam", "used.opt:sgd"}));
  EXPECT_EQ(completed(s, "energy>5k"), (List{"energy>5kJ", "energy>5kWh"}));
  EXPECT_EQ(completed(s, "kind:mo", FilterView::kObject), (List{"kind:model"}));
  EXPECT_FALSE(completed(s, "").empty());
  EXPECT_FALSE(completed(s, "pid:1 ").empty());
}

}  // namespace
}  // namespace headrace::query

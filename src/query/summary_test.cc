#include "query/summary.h"

#include <gtest/gtest.h>
#include <map>
#include <string>

#include "query/store_for_test.h"

namespace headrace::query {
namespace {

TEST(Summary, EachSentenceIsBackedByAQueryThatRuns) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("sweep"), "tune");
  for (int i = 0; i < 8; ++i) {
    const int64_t whole =
        store.task(wf, {"train", {{"lr", 0.1 * (i / 2)}}, {{"loss", 1.0}}, 0, 10});
    store.task(wf, {"epoch", {}, {}, whole, 9});
    store.energy(whole, "node/cpu", "100", "estimated");
  }
  store.task(wf, {"train", {{"lr", 9.0}}, {}, 0, 200});
  store.task(wf, {"train", {{"lr", 10.0}}, {}, 0, 5, 3});
  const Session session = store.session();
  const Result<Summary> summary = summarize(session, "sweep", "/");
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  std::map<std::string, std::string> told;
  for (const Finding& f : summary->findings) {
    told[f.about] += f.sentence + "\n";
    EXPECT_TRUE(session.rows(f.sql).ok()) << f.sql;
  }
  // 8 x (10 - 9) + 200 + 5 of train, 8 x 9 of epoch.
  EXPECT_NE(told["time"].find("train takes most time: 75 % of 4 min 45 s of work in 18 tasks"),
            std::string::npos)
      << told["time"];
  EXPECT_NE(told["energy"].find("train takes most energy: 100 % of ≈ 800 J in node/cpu"),
            std::string::npos)
      << told["energy"];
  EXPECT_NE(
      told["failures"].find("1 task did not finish, after 5.00 s; most often train (1 failed"),
      std::string::npos)
      << told["failures"];
  EXPECT_NE(told["stragglers"].find("1 task took far longer"), std::string::npos)
      << told["stragglers"];
  EXPECT_NE(told["done again"].find("4 tasks used and generated the same values as one before, "
                                    "under the same settings: about 4.00 s of work"),
            std::string::npos)
      << told["done again"];
  EXPECT_NE(told["not captured"].find("No value was captured of the tasks of epoch"),
            std::string::npos)
      << told["not captured"];
  EXPECT_NE(summary_text(*summary, true).find("SELECT"), std::string::npos);
  EXPECT_EQ(summary_text(*summary, false).find("SELECT"), std::string::npos);
  EXPECT_FALSE(summarize(session, "sweeep", "/").ok());
  EXPECT_TRUE(summarize(session, "tune", "/").ok());
  EXPECT_TRUE(summarize(session, "", "/").ok());
}

std::string done_again(StoreForTest* store) {
  const Session session = store->session();
  const Result<Summary> summary = summarize(session, "", "/");
  EXPECT_TRUE(summary.ok()) << summary.status().message();
  for (const Finding& f : summary->findings) {
    if (f.about == "done again") return f.sentence;
  }
  return "";
}

TEST(Summary, StepsOfALoopAreNotDoneAgain) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("sweep"), "tune");
  for (int i = 0; i < 3; ++i) {
    const int64_t whole = store.task(wf, {"train", {{"lr", 0.1 * i}}, {{"loss", 1.0}}, 0, 10});
    for (int epoch = 0; epoch < 4; ++epoch) {
      // The same epoch of another training; and steps that nothing but their loss tells apart.
      const int64_t inner = store.task(
          wf, {"epoch", {{"epoch", static_cast<double>(epoch)}}, {{"batches", 7.0}}, whole, 2});
      store.task(wf, {"step", {{"size", 8.0}}, {{"loss", 9.0 - epoch - 0.1 * i}}, inner, 1});
      store.task(wf, {"log", {{"size", 8.0}}, {}, inner, 1});
    }
  }
  EXPECT_EQ(done_again(&store), "");
}

TEST(Summary, ATrainingThatCameOutTheSameTwiceWasDoneAgain) {
  StoreForTest store;
  const std::string campaign = store.campaign("sweep");
  for (int i = 0; i < 3; ++i) {
    // The third workflow has another seed.
    const int wf = store.workflow(campaign, "tune", i < 2 ? R"({"seed": 1})" : R"({"seed": 2})");
    const int64_t whole = store.task(wf, {"train", {{"lr", 0.1}}, {{"loss", 1.0}}, 0, 10});
    store.task(wf, {"epoch", {{"epoch", 0.0}}, {{"loss", 1.0}}, whole, 4});
    store.task(wf, {"repeat", {{"lr", 0.1}}, {{"score", 0.5 + i}}, 0, 10});
  }
  EXPECT_EQ(done_again(&store),
            "2 tasks used and generated the same values as one before, under the same settings: "
            "about 10.0 s of work that gave nothing new; most of it in train.");
}

// A value on the second page, beside equal ones on the first.
std::string done_again_with_pages(const std::string& last_value_of_second) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("sweep"), "tune");
  const int64_t around = store.task(wf, {"sweep", {{"seed", 1.0}}, {}, 0, 30});
  for (const std::string& value : {std::string("0.5"), last_value_of_second}) {
    const std::string task =
        std::to_string(store.task(wf, {"train", {{"lr", 0.1}}, {{"loss", 1.0}}, around, 10}));
    store.run("INSERT INTO task_page(producer, seq, schema, page, d0) SELECT 1, seq, schema, 1, " +
              value + " FROM task_slots WHERE seq = " + task);
  }
  store.run(
      "INSERT INTO field SELECT schema, 2, 1, 'accuracy', 3, 1, 0, false FROM field WHERE key = "
      "'loss'");
  return done_again(&store);
}

TEST(Summary, AValueOnAnotherPageTellsTasksApart) {
  EXPECT_EQ(done_again_with_pages("0.75"), "");
  EXPECT_EQ(done_again_with_pages("0.5"),
            "1 task used and generated the same values as one before, under the same settings: "
            "about 10.0 s of work that gave nothing new; most of it in train.");
}

TEST(Summary, TagsInTheColumnsOfValuesTellNoTasksApart) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("sweep"), "tune");
  store.task(wf, {"train", {{"lr", 0.1}}, {{"loss", 1.0}}, 0, 10});
  // The same values, and a tag, the second time in a column that holds a value of another schema.
  store.task(wf, {"other", {{"rate", 3.0}}, {{"score", 4.0}}, 0, 10});
  const int64_t tagged = store.task(wf, {"train", {{"lr", 0.1}}, {{"loss", 1.0}}, 0, 10});
  store.run(
      "INSERT INTO field SELECT 3, position, role, key, type, page, slot, exclusive FROM "
      "field WHERE schema = 1");
  store.run(
      "INSERT INTO field SELECT 3, 2, 2, 'owner', 3, page, slot, false FROM field WHERE key "
      "= 'rate'");
  store.run("UPDATE task_slots SET schema = 3, d2 = 77 WHERE seq = " + std::to_string(tagged));
  EXPECT_EQ(done_again(&store),
            "1 task used and generated the same values as one before, under the same settings: "
            "about 10.0 s of work that gave nothing new; most of it in train.");
}

}  // namespace
}  // namespace headrace::query

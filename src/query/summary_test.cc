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
  EXPECT_NE(told["done again"].find("4 tasks used the same captured values as one before"),
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

}  // namespace
}  // namespace headrace::query

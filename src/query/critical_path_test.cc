#include "query/critical_path.h"

#include <gtest/gtest.h>
#include <string>

#include "query/store_for_test.h"
#include "query/stragglers.h"

namespace headrace::query {
namespace {

// Times of a task that StoreForTest made, in seconds from the workflow's begin.
void set_times(StoreForTest& store, int64_t task, double begin, double end) {
  const auto ns = [](double s) { return std::to_string(static_cast<int64_t>(s * 1e9)); };
  store.run("UPDATE task_slots SET ts = 2000000000::BIGINT + " + ns(begin) +
            ", dur = " + ns(end - begin) + " WHERE seq = " + std::to_string(task));
}

TEST(CriticalPath, FollowsDataThreadsAndWhatLiesAround) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("c"), "train");
  store.run(
      "INSERT INTO producer_row(producer, uid, prefix, hostname, pid, rank) VALUES (2, 78, "
      "'000000000004e800', 'node2', 43, 1)");
  const int64_t prepare = store.task(wf, {"prepare", {}, {}});
  const int64_t train = store.task(wf, {"train", {}, {}});
  const int64_t epoch1 = store.task(wf, {"epoch", {}, {}, train});
  const int64_t epoch2 = store.task(wf, {"epoch", {}, {}, train});
  const int64_t plot = store.task(wf, {"plot", {}, {}});
  const std::string corpus = store.object("dataset", "/d/corpus", "aa11");
  store.edge(prepare, corpus, true, "corpus");
  store.edge(train, corpus, false, "corpus");
  set_times(store, prepare, 0, 2);
  set_times(store, plot, 2, 3);      // on the thread of prepare; 7 s before the end
  set_times(store, train, 2.5, 10);  // waits for the corpus
  set_times(store, epoch1, 2.5, 6);
  set_times(store, epoch2, 6, 10);
  const Session session = store.session();
  const Result<CriticalPath> path = critical_path_of(session, "train", "/");
  ASSERT_TRUE(path.ok()) << path.status().message();
  std::string told;
  for (const PathLink& link : path->links) told += link.activity + "(" + link.why + ") ";
  EXPECT_EQ(told, "prepare(first) epoch(data corpus) epoch(same thread) ");
  EXPECT_DOUBLE_EQ(path->total_s, 10);
  EXPECT_DOUBLE_EQ(path->working_s, 9.5);
  EXPECT_DOUBLE_EQ(path->links[1].wait_s, 0.5);
  ASSERT_EQ(path->slacks.size(), 1u);
  EXPECT_EQ(path->slacks[0].activity, "plot");
  EXPECT_DOUBLE_EQ(path->slacks[0].least_s, 7);
  const std::string text = critical_path_text(*path);
  EXPECT_NE(text.find("Workflow train took 10.0 s; 3 tasks of 5 decided that: 9.50 s at work, "
                      "500 ms between and around them; epoch is 75 % of it."),
            std::string::npos)
      << text;
  EXPECT_EQ(critical_path_json(*path)["links"].as<Json::List>()->size(), 3u);
  const Result<CriticalPath> unknown = critical_path_of(session, "trian", "/");
  EXPECT_NE(unknown.status().message().find("did you mean train?"), std::string::npos)
      << unknown.status().message();
}

TEST(Stragglers, AreFarBeyondTheMedianOfTheirSiblings) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("c"), "sim");
  for (int i = 0; i < 20; ++i) store.task(wf, {"step", {}, {}, 0, 1.0 + 0.01 * (i % 3)});
  store.task(wf, {"step", {}, {}, 0, 2.3});
  for (int i = 0; i < 20; ++i) store.task(wf, {"equal", {}, {}, 0, 1});
  store.task(wf, {"rare", {}, {}, 0, 1});
  store.task(wf, {"rare", {}, {}, 0, 50});
  const Session session = store.session();
  const auto rows = session.rows(stragglers_sql({StoreForTest::workflow_id(wf), "", 5, 5}));
  ASSERT_TRUE(rows.ok()) << rows.status().message();
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ((*rows)[0][1].text, "step");
  EXPECT_NEAR((*rows)[0][6].real, 1.29, 1e-9);
}

}  // namespace
}  // namespace headrace::query

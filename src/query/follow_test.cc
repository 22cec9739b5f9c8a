#include "query/follow.h"

#include <gtest/gtest.h>
#include <set>
#include <string>

#include "query/filter_parser.h"
#include "query/store_for_test.h"

namespace headrace::query {
namespace {

using Tasks = std::set<int>;

// One look after the other at a store that changes between them.
class Look {
 public:
  explicit Look(const std::string& filter) {
    selection_.filter = *parse_filter(filter, FilterView::kTask);
  }
  Tasks at(const Session& session) {
    Result<NewTasks> look = new_tasks(session, selection_, mark_, "elsewhere", 1);
    EXPECT_TRUE(look.ok()) << look.status().message();
    if (!look.ok()) return {};
    mark_ = look->mark;
    is_all = look->is_all;
    is_over = look->is_over;
    Tasks out;
    const auto id = look->rows.column("task_id");
    while (*look->rows.next()) {
      for (size_t i = 0; i < look->rows.rows(); ++i) {
        for (int task = 1; task <= 6; ++task) {
          if (look->rows.cell(*id, i).text == StoreForTest::task_id(task)) out.insert(task);
        }
      }
    }
    return out;
  }
  bool is_all = false;
  bool is_over = false;

 private:
  Selection selection_;
  std::string mark_;
};

Session three_tasks() {
  StoreForTest store;
  const int workflow = store.workflow(store.campaign("c"), "w");
  for (const double loss : {1.0, 6.0, 7.0}) {
    store.task(workflow, {"train", {}, {{"loss", loss}}});
  }
  return store.session();
}

class Follow : public ::testing::Test {
 protected:
  Tasks at(Look& look) { return look.at(session_); }
  void run(const std::string& sql) {
    const Status status = session_.store().connection().run(sql);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  void add(int task, double loss) {
    run("INSERT INTO task_slots SELECT * REPLACE (" + std::to_string(task) + " AS seq, " +
        std::to_string(loss) + " AS d0) FROM task_slots LIMIT 1");
  }
  Session session_ = three_tasks();
};

TEST_F(Follow, GivesWhatWasStoredSinceTheLastLook) {
  Look look("generated.loss>5");
  EXPECT_EQ(at(look), Tasks({2, 3}));
  EXPECT_TRUE(look.is_over);
  EXPECT_EQ(at(look), Tasks());
  add(4, 8);
  add(5, 2);
  EXPECT_EQ(at(look), Tasks({4}));
  EXPECT_FALSE(look.is_all);
}

TEST_F(Follow, GivesAllWhereRowsHaveMoved) {
  Look look("generated.loss>5");
  at(look);
  // What a removal, a compaction or a rebuild leaves: other tasks stand where these stood.
  run("CREATE TABLE kept AS FROM task_slots WHERE seq <> 1");
  run("DELETE FROM task_slots");
  run("INSERT INTO task_slots FROM kept ORDER BY seq DESC");
  add(4, 9);
  EXPECT_EQ(at(look), Tasks({2, 3, 4}));
  EXPECT_TRUE(look.is_all);
  EXPECT_EQ(at(look), Tasks());
  EXPECT_FALSE(look.is_all);
}

TEST_F(Follow, LooksAgainForWhatBecomesKnownLater) {
  Look look("energy>100");
  EXPECT_EQ(at(look), Tasks());
  run("INSERT INTO task_energy_row(producer, seq, domain, window_j, attributed_j, idle_j, u95_j, "
      "coverage, method, truth, assumption, activity, wf) VALUES (1, 2, 'node/gpu-0', 700, 700, 0, "
      "0.5, 1, 'split', "
      "'measured', '', NULL, NULL)");
  EXPECT_EQ(at(look), Tasks({2}));
  EXPECT_TRUE(look.is_all);
}

TEST_F(Follow, IsNotOverWhileAnotherProcessWrites) {
  Look look("");
  run("UPDATE producer_row SET state = 'running'");
  at(look);
  EXPECT_FALSE(look.is_over);
}

}  // namespace
}  // namespace headrace::query

#include "top/changes.h"

#include <gtest/gtest.h>

#include "top/folder_for_test.h"

namespace headrace::top {
namespace {

class Lines : public ::testing::Test {
 protected:
  std::vector<std::string> look() {
    std::vector<std::string> out;
    for (const Change& change : changes_.since_last(made_.folder, {}, made_.now_ns)) {
      out.push_back(change.text);
    }
    made_.now_ns += kSecondNs;
    made_.folder.looked_at_ns = made_.now_ns;
    return out;
  }
  using Texts = std::vector<std::string>;

  FolderForTest made_;
  Changes changes_{10 * kSecondNs};
};

TEST_F(Lines, TellABeginningAndAnEnd) {
  EXPECT_EQ(look(), Texts{});
  made_.workflow("old", TaskStatus::kFinished);
  const uint32_t tune = made_.workflow("tune");
  EXPECT_EQ(look(), (Texts{"workflow tune started", "1 workflow ended before"}));
  EXPECT_EQ(look(), Texts{});
  made_.task(tune, "train", 1);
  made_.folder.workflows[tune].status = TaskStatus::kFinished;
  made_.folder.workflows[tune].end_ns = made_.now_ns;
  made_.folder.workflow_energy[tune] = {4100.0, "estimated"};
  EXPECT_EQ(look(), Texts{"workflow tune finished: 1 task done, 1 min 42 s, ≈ 4.10 kJ"});
  EXPECT_EQ(look(), Texts{});
}

TEST_F(Lines, AWorkflowThatIsOverBeforeTheSecondLookHasBoth) {
  made_.workflow("first");
  look();
  made_.workflow("quick", TaskStatus::kFailed);
  EXPECT_EQ(look(),
            (Texts{"workflow quick started", "workflow quick failed: 0 tasks done, 1 min 30 s"}));
}

TEST_F(Lines, TellEachFailureOnceAndCountTheRest) {
  const uint32_t tune = made_.workflow("tune");
  made_.task(tune, "early", 1, TaskStatus::kFailed);  // before the first look
  look();
  const TaskRow row = made_.task(tune, "plot", 1.5, TaskStatus::kFailed);
  const auto lines = look();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0], "task plot failed after 1.50 s in tune on node1; headrace show " +
                          task_uuid(77, static_cast<TaskNumber>(row.number)).text());
  for (int i = 0; i < 500; ++i) made_.task(tune, "plot", 1, TaskStatus::kFailed);
  const auto many = look();
  EXPECT_EQ(many.size(), 21U);
  EXPECT_EQ(many.back(), "and 480 more tasks failed");
}

TEST_F(Lines, TellAStragglerOnce) {
  const uint32_t tune = made_.workflow("tune");
  for (int i = 0; i < 10; ++i) made_.task(tune, "train", 1);
  look();
  made_.task(tune, "train", 1.9);  // less than a second beyond
  made_.task(tune, "train", 5);
  const auto lines = look();
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_TRUE(lines[0].starts_with("straggler: train ")) << lines[0];
  EXPECT_EQ(look(), Texts{});
}

TEST_F(Lines, SayAMetricAndProgressNowAndThen) {
  const uint32_t tune = made_.workflow("tune");
  made_.folder.metrics = {{tune, "loss", "0.16666666666666666", made_.now_ns}};
  EXPECT_EQ(look(), (Texts{"workflow tune started", "metric loss 0.166667 in tune"}));
  made_.folder.metrics[0].value = "0.4";
  for (int second = 0; second < 8; ++second) {
    made_.task(tune, "train", 1);
    EXPECT_EQ(look(), Texts{});
  }
  made_.now_ns += 10 * kSecondNs;
  const auto lines = look();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_TRUE(lines[1].starts_with("everything: 8 tasks done, 0 running, 0 failed, ")) << lines[1];
}

TEST_F(Lines, TellLossesAndMakeNamesSafe) {
  made_.workflow("a\x1b[2Jb\n");
  EXPECT_EQ(look(), Texts{"workflow ab  started"});
  made_.folder.losses.dropped = 12;
  EXPECT_EQ(look(), Texts{"12 records lost, 12 in all; headrace doctor says which and why"});
  EXPECT_EQ(look(), Texts{});
}

TEST_F(Lines, AreTextOrJson) {
  const Change change{
      1'800'000'000 * kSecondNs, "workflow", "workflow tune started", {{"workflow", "tune"}}};
  EXPECT_EQ(line_of(change), "2027-01-15 08:00:00  workflow tune started");
  EXPECT_EQ(json_line_of(change),
            R"({"time":"2027-01-15T08:00:00.000000000Z","event":"workflow","workflow":"tune"})");
}

TEST_F(Lines, AreOverWhenNoProcessWritesAnyMore) {
  EXPECT_FALSE(is_over(made_.folder, {}));  // nothing has begun
  const uint32_t tune = made_.workflow("tune");
  EXPECT_FALSE(is_over(made_.folder, {}));
  made_.folder.workflows[tune].status = TaskStatus::kLost;
  EXPECT_FALSE(is_over(made_.folder, {}));  // its process may begin another
  made_.folder.processes[1].is_running = false;
  EXPECT_TRUE(is_over(made_.folder, {}));
  EXPECT_TRUE(has_failed(made_.folder, {}));
}

}  // namespace
}  // namespace headrace::top

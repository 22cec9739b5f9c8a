#include "top/picture.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "top/folder_for_test.h"
#include "top/panes.h"

namespace headrace::top {
namespace {

const ActivityLine* activity_of(const Picture& picture, const std::string& name) {
  const auto found = std::find_if(picture.activities.begin(), picture.activities.end(),
                                  [&name](const ActivityLine& l) { return l.name == name; });
  return found == picture.activities.end() ? nullptr : &*found;
}

TEST(Picture, OfNothingIsEmpty) {
  const Picture picture = make_picture(Folder(), Scope(), 0);
  EXPECT_TRUE(picture.is_empty);
  EXPECT_EQ(picture.ended, 0);
}

TEST(Picture, AddsUpWhatAScopeHas) {
  FolderForTest made;
  const uint32_t tune = made.workflow("tune");
  const uint32_t other = made.workflow("other", TaskStatus::kFinished, "");
  for (int i = 0; i < 30; ++i) made.task(tune, "train", 2);
  made.task(tune, "plot", 1, TaskStatus::kFailed);
  made.task(other, "train", 4);
  made.running(tune, "train", 6);
  made.folder.lost_counts[tune] = 2;
  made.folder.workflow_energy[tune] = {100.0, "measured"};
  made.folder.workflow_energy[other] = {11.0, "estimated"};

  const Picture all = make_picture(made.folder, Scope(), made.now_ns);
  EXPECT_EQ(all.title, "everything");
  EXPECT_EQ(all.ended, 34);
  EXPECT_EQ(all.failed, 3);
  EXPECT_EQ(all.running, 1);
  EXPECT_EQ(all.status, TaskStatus::kRunning);
  EXPECT_EQ(all.energy.energy_j, 111.0);
  EXPECT_EQ(all.energy.truth, "mixed");
  EXPECT_EQ(activity_of(all, "train")->ended, 31);

  const Scope campaign{Scope::Kind::kCampaign, named_uuid("campaign", "sweep")};
  const Picture sweep = make_picture(made.folder, campaign, made.now_ns);
  EXPECT_EQ(sweep.title, "sweep");
  EXPECT_EQ(sweep.workflows.size(), 1U);
  EXPECT_EQ(sweep.ended, 33);
  EXPECT_EQ(sweep.energy.truth, "measured");
  EXPECT_NEAR(*activity_of(sweep, "train")->p50_s, 2, 0.03);

  const Scope one{Scope::Kind::kWorkflow, FolderForTest::workflow_id(tune)};
  EXPECT_EQ(make_picture(made.folder, one, made.now_ns).title, "sweep › tune");
  EXPECT_EQ(above(made.folder, one), campaign);
  EXPECT_EQ(above(made.folder, campaign), Scope());
}

TEST(Picture, AWorkflowHasThoseUnderIt) {
  FolderForTest made;
  const uint32_t child = made.workflow("child");
  const uint32_t parent = made.workflow("parent");
  made.folder.workflows[child].parent = FolderForTest::workflow_id(parent);
  made.folder.workflows[parent].parent = FolderForTest::workflow_id(child);  // a circle ends
  made.task(child, "step", 1);
  const Scope scope{Scope::Kind::kWorkflow, FolderForTest::workflow_id(parent)};
  EXPECT_EQ(make_picture(made.folder, scope, made.now_ns).ended, 1);
  EXPECT_EQ(title_of(made.folder, scope), "sweep › child › parent");
}

TEST(Picture, SaysWhoIsAStraggler) {
  FolderForTest made;
  made.folder.processes[1] = {77, "frontier04211", 42, 317, true};
  const uint32_t tune = made.workflow("tune");
  for (int i = 0; i < 20; ++i) made.task(tune, "all_reduce", 1);
  EXPECT_TRUE(make_picture(made.folder, Scope(), made.now_ns).troubles.empty());
  made.task(tune, "all_reduce", 2.3);
  made.running(tune, "all_reduce", 4);
  const Picture picture = make_picture(made.folder, Scope(), made.now_ns);
  ASSERT_EQ(picture.troubles.size(), 1U);
  EXPECT_EQ(picture.straggler_count, 1);
  EXPECT_EQ(picture.troubles[0].sentence,
            "rank 317 (frontier04211) 2.3× slower than median in all_reduce: 2.30 s against "
            "1.00 s");
  ASSERT_EQ(picture.running_tasks.size(), 1U);
  EXPECT_TRUE(picture.running_tasks[0].is_straggler);
}

TEST(Picture, FewTasksMakeNoStraggler) {
  FolderForTest made;
  const uint32_t tune = made.workflow("tune");
  for (int i = 0; i < 3; ++i) made.task(tune, "train", 1);
  made.task(tune, "train", 100);
  EXPECT_TRUE(make_picture(made.folder, Scope(), made.now_ns).troubles.empty());
}

TEST(Picture, AFailureAndAStragglerComeInTurn) {
  FolderForTest made;
  const uint32_t tune = made.workflow("tune");
  for (int i = 0; i < 20; ++i) made.task(tune, "train", 1);
  for (int i = 0; i < 3; ++i) made.task(tune, "plot", 0.5, TaskStatus::kFailed);
  made.task(tune, "train", 9);
  const Picture picture = make_picture(made.folder, Scope(), made.now_ns);
  ASSERT_EQ(picture.troubles.size(), 4U);
  EXPECT_EQ(picture.troubles[0].status, TaskStatus::kFailed);
  EXPECT_EQ(picture.troubles[1].status, TaskStatus::kFinished);
}

TEST(Picture, OrdersByWhatIsAsked) {
  FolderForTest made;
  const uint32_t a = made.workflow("a", TaskStatus::kFinished);
  made.workflow("b");
  made.workflow("c", TaskStatus::kFailed);
  made.task(a, "train", 1);
  Picture picture = make_picture(made.folder, Scope(), made.now_ns);
  order(picture, Pane::kWorkflows, 0);
  EXPECT_EQ(picture.workflows[0].name, "b");  // runs
  EXPECT_EQ(picture.workflows[1].name, "c");  // the newest
  picture = make_picture(made.folder, Scope(), made.now_ns);
  order(picture, Pane::kWorkflows, 2);
  EXPECT_EQ(picture.workflows[0].name, "a");
}

TEST(Tally, BeyondItsGroupsCountsByWorkflowAlone) {
  Tally tally;
  for (uint32_t i = 0; i <= Tally::kMostGroups; ++i) tally.add({1, i}, 0);
  EXPECT_EQ(tally.counts_of(1)->ended, static_cast<int64_t>(Tally::kMostGroups) + 1);
  EXPECT_EQ(tally.groups().size(), Tally::kMostGroups);
  EXPECT_TRUE(tally.has_uncounted_groups());
}

}  // namespace
}  // namespace headrace::top

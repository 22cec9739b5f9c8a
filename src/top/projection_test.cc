#include "top/projection.h"

#include <gtest/gtest.h>

#include "top/changes.h"
#include "top/folder_for_test.h"
#include "top/picture.h"

namespace headrace::top {
namespace {

// A workflow that draws 50 W, always: since 100 s tasks of 10 s have followed each other, and the
// tenth runs since 4 s.
struct Steady {
  FolderForTest made;
  uint32_t workflow = made.workflow("tune");

  Steady() {
    for (int i = 0; i < 9; ++i) made.task(workflow, "train", 10, TaskStatus::kFinished, 4 + 10 * i);
    made.running(workflow, "train", 4);
    made.folder.workflows[workflow].begin_ns = made.now_ns - 94 * kSecondNs;
    made.folder.workflow_energy[workflow] = {50.0 * 94, "measured"};
    made.folder.activity_energy[{workflow, made.activity("train")}] = {50.0 * 90, "measured"};
  }
  Picture picture() const { return make_picture(made.folder, {}, made.now_ns); }
};

TEST(Projection, IsWhatItWillHaveUsedWhenWhatRunsHasEnded) {
  Steady steady;
  const Picture picture = steady.picture();
  ASSERT_TRUE(picture.projection.energy_j.has_value()) << picture.projection.reason;
  EXPECT_NEAR(picture.projection.left_s, 6, 0.2);
  EXPECT_NEAR(*picture.projection.energy_j, 50.0 * 100, 50);
}

TEST(Projection, IsNotKnownWithoutLikeOrWithoutEnergy) {
  Steady steady;
  steady.made.folder.running[0].activity = steady.made.activity("validate");
  EXPECT_FALSE(steady.picture().projection.energy_j.has_value());
  EXPECT_NE(steady.picture().projection.reason, "");
  EXPECT_EQ(steady.picture().dearest.activity, "validate");
  Steady blind;
  blind.made.folder.workflow_energy.clear();
  EXPECT_FALSE(blind.picture().projection.energy_j.has_value());
  Steady over;
  over.made.folder.running.clear();
  EXPECT_EQ(over.picture().projection.reason, "nothing runs");
}

TEST(Projection, NamesTheTaskThatUsesMost) {
  Steady steady;
  const uint32_t other = steady.made.workflow("watch");
  steady.made.running(other, "sleep", 90);
  steady.made.folder.running.back().producer = 2;
  std::set<uint32_t> mine{steady.workflow, other};
  const TaskRow* row = responsible(steady.made.folder, mine, steady.made.now_ns);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->activity, steady.made.activity("train")) << "of the other no power is known";
  steady.made.folder.activity_energy.clear();
  row = responsible(steady.made.folder, mine, steady.made.now_ns);
  EXPECT_EQ(row->activity, steady.made.activity("sleep")) << "then the one that runs longest";
  steady.made.folder.workflows[steady.workflow].parent = FolderForTest::workflow_id(other);
  row = responsible(steady.made.folder, mine, steady.made.now_ns);
  EXPECT_EQ(row->activity, steady.made.activity("train")) << "the other is the program around it";
  EXPECT_EQ(responsible(steady.made.folder, {}, steady.made.now_ns), nullptr);
}

const Change* of(const std::vector<Change>& changes, const std::string& event) {
  for (const Change& one : changes) {
    if (one.event == event) return &one;
  }
  return nullptr;
}

TEST(Changes, SayOnceWhenTheEnergyBudgetWillBeAndWhenItIsExceeded) {
  Steady steady;
  Changes changes(kSecondNs, 4900.0);
  const auto first = changes.since_last(steady.made.folder, {}, steady.made.now_ns);
  const Change* will = of(first, "energy budget");
  ASSERT_NE(will, nullptr);
  EXPECT_NE(will->text.find("will be exceeded"), std::string::npos) << will->text;
  EXPECT_NE(will->text.find("train"), std::string::npos) << will->text;
  EXPECT_EQ(of(changes.since_last(steady.made.folder, {}, steady.made.now_ns), "energy budget"),
            nullptr);
  steady.made.folder.workflow_energy[steady.workflow].energy_j = 4950.0;
  const auto later = changes.since_last(steady.made.folder, {}, steady.made.now_ns + kSecondNs);
  const Change* is = of(later, "energy budget");
  ASSERT_NE(is, nullptr);
  EXPECT_NE(is->text.find("is exceeded"), std::string::npos) << is->text;
  const query::Json json(is->json);
  EXPECT_EQ(json["activity"], query::Json("train"));
  EXPECT_EQ(json["budget_j"], query::Json(4900.0));
  EXPECT_EQ(json["energy_j"], query::Json(4950.0));
}

}  // namespace
}  // namespace headrace::top

// Frames of made folders at the sizes that people have.
#include "top/draw.h"

#include <gtest/gtest.h>
#include <sstream>

#include "query/utf8.h"
#include "top/folder_for_test.h"

namespace headrace::top {
namespace {

constexpr std::array<std::pair<int, int>, 3> kSizes{{{80, 24}, {120, 40}, {200, 60}}};

std::string frame(const FolderForTest& made, int columns, int rows, View view = {}) {
  Picture picture = make_picture(made.folder, view.scope, made.now_ns);
  for (const Pane pane : kPanes) order(picture, pane, view.orders.at(index_of(pane)));
  Surroundings around;
  around.clock = "2026-11-22 03:40:12 UTC";
  return draw(picture, view, around, columns, rows).text(false);
}

// Every line lies inside, and as many as there are rows.
void expect_fits(const std::string& text, int columns, int rows) {
  std::istringstream lines(text);
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_LE(query::display_width(line), static_cast<size_t>(columns)) << line;
    EXPECT_EQ(line.find_first_of("\x1b\a\b\r\t"), std::string::npos) << line;
  }
  EXPECT_EQ(count, rows);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Draw, ShowsWhatThereIsAtEverySize) {
  FolderForTest made;
  const uint32_t tune = made.workflow("tune");
  for (int i = 0; i < 20; ++i) made.task(tune, "train", 1);
  made.task(tune, "train", 9);
  made.task(tune, "plot", 0.5, TaskStatus::kFailed);
  made.running(tune, "evaluate", 30);
  for (const auto& [columns, rows] : kSizes) {
    const std::string text = frame(made, columns, rows);
    expect_fits(text, columns, rows);
    for (const char* part :
         {"● running", "22 tasks done", "● 1 running", "✕ 1 failed", "Workflows 1", "tune",
          "Running tasks 1", "evaluate", "30.0 s", "Stragglers and failures 2", "✕ failed",
          "▲ straggler", "slower than median", "Activities 3", "train", "lost 0", "? help"}) {
      EXPECT_TRUE(has(text, part)) << part << " at " << columns << "\n" << text;
    }
  }
}

TEST(Draw, BelowItsLeastSizeSaysSo) {
  FolderForTest made;
  made.workflow("tune");
  for (const auto& [columns, rows] : {std::pair{79, 24}, {80, 23}, {20, 5}, {1, 1}}) {
    const std::string text = frame(made, columns, rows);
    expect_fits(text, columns, rows);
    if (columns >= 20) {
      EXPECT_TRUE(has(text, "headrace top needs"));
    }
  }
}

TEST(Draw, NothingYetSaysHowToBegin) {
  const FolderForTest made;
  const std::string text = frame(made, 80, 24);
  expect_fits(text, 80, 24);
  EXPECT_TRUE(has(text, "headrace run -- COMMAND"));
}

TEST(Draw, NamesOfAnyKindStayInTheirColumns) {
  FolderForTest made;
  made.workflow(std::string(300, 'x'));
  const uint32_t wide = made.workflow("学習率の探索を行う非常に長い名前のワークフロー");
  const uint32_t hostile = made.workflow("a\x1b[2J\x1b]0;owned\x07\nb\u202e");
  made.task(wide, "訓練", 1);
  made.task(hostile, "\x1b[31mstep", 1, TaskStatus::kFailed);
  made.running(hostile, std::string("bad \xff byte"), 2);
  for (const auto& [columns, rows] : kSizes) {
    const std::string text = frame(made, columns, rows);
    expect_fits(text, columns, rows);
    EXPECT_TRUE(has(text, "学習率")) << text;
    EXPECT_FALSE(has(text, "owned"));
  }
}

TEST(Draw, OneTaskNoTaskAndClocksThatWereSet) {
  FolderForTest made;
  const uint32_t tune = made.workflow("tune");
  expect_fits(frame(made, 80, 24), 80, 24);
  EXPECT_TRUE(has(frame(made, 80, 24), "no task has ended"));
  EXPECT_TRUE(has(frame(made, 80, 24), "no straggler, no failure"));
  made.task(tune, "train", -3);
  made.folder.workflows[tune].begin_ns = made.now_ns + 5 * kSecondNs;
  made.running(tune, "later", -8);
  const std::string text = frame(made, 80, 24);
  expect_fits(text, 80, 24);
  EXPECT_TRUE(has(text, "1 task done")) << text;
  EXPECT_TRUE(has(text, "-8.00 s")) << text;
}

TEST(Draw, TenThousandWorkflowsShowHowManyAreLeftOut) {
  FolderForTest made;
  for (int i = 0; i < 10'000; ++i) {
    const uint32_t number = made.workflow(
        "run " + std::to_string(i), i % 3 == 0 ? TaskStatus::kRunning : TaskStatus::kFinished);
    made.task(number, "train", 1 + i % 7);
  }
  const std::string text = frame(made, 80, 24);
  expect_fits(text, 80, 24);
  EXPECT_TRUE(has(text, " of 10,000")) << text;
  View view;
  view.chosen[index_of(Pane::kWorkflows)] = FolderForTest::workflow_id(1).text();
  EXPECT_TRUE(has(frame(made, 80, 24, view), "›● run 0 "));
}

TEST(Draw, LossesAreRedOnlyWhenThereAreAny) {
  FolderForTest made;
  made.workflow("tune");
  const auto red = [&made] {
    const Picture picture = make_picture(made.folder, Scope(), made.now_ns);
    return draw(picture, View(), {}, 80, 24).at(3, 1).style.ink == Ink::kFailed;
  };
  EXPECT_FALSE(red());
  made.folder.losses.dropped = 12;
  made.folder.losses.missing = 3;
  EXPECT_TRUE(red());
  EXPECT_TRUE(has(frame(made, 80, 24), "✕ lost 12 dropped, 3 missing"));
}

TEST(Draw, EnergySaysHowWellItIsKnown) {
  FolderForTest made;
  const uint32_t tune = made.workflow("tune");
  made.folder.workflow_energy[tune] = {4100.0, "estimated"};
  EXPECT_TRUE(has(frame(made, 80, 24), "energy ≈ 4.10 kJ"));
  made.folder.workflow_energy[tune] = {4100.0, "measured"};
  EXPECT_TRUE(has(frame(made, 80, 24), "energy 4.10 kJ"));
  made.folder.workflow_energy[tune] = {4100.0, "emulated"};
  EXPECT_TRUE(has(frame(made, 80, 24), "energy ≈ 4.10 kJ, emulated"));
}

}  // namespace
}  // namespace headrace::top

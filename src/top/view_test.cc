#include "top/view.h"

#include <gtest/gtest.h>

#include "top/folder_for_test.h"

namespace headrace::top {
namespace {

class Keyboard : public ::testing::Test {
 protected:
  Keyboard() {
    const uint32_t a = made_.workflow("a");
    made_.workflow("b");
    made_.workflow("c");
    made_.task(a, "it's \"quoted\"", 1);
    made_.running(a, "train", 5);
    look();
  }
  void look() {
    picture_ = make_picture(made_.folder, view_.scope, made_.now_ns);
    for (const Pane pane : kPanes) order(picture_, pane, view_.orders.at(index_of(pane)));
  }
  Wish press_key(const Press& key) {
    Wish wish = press(view_, key, picture_, 20);
    if (wish.filter) view_.filter = *wish.filter;
    look();
    return wish;
  }
  Wish type(const std::string& letters) {
    Wish last;
    for (const char letter : letters) last = press_key({Key::kText, std::string(1, letter)});
    return last;
  }
  std::string chosen() {
    return picture_.workflows[chosen_row(view_, picture_, Pane::kWorkflows)].name;
  }

  FolderForTest made_;
  View view_;
  Picture picture_;
};

TEST_F(Keyboard, ChosenRowStaysWhenOthersCome) {
  EXPECT_EQ(chosen(), "c");
  type("j");
  EXPECT_EQ(chosen(), "b");
  made_.workflow("d");
  look();
  EXPECT_EQ(chosen(), "b");
  type("k");
  EXPECT_EQ(chosen(), "c");
  type("G");
  EXPECT_EQ(chosen(), "a");
  type("f");
  EXPECT_EQ(chosen(), "d");  // follows the newest again
}

TEST_F(Keyboard, EnterGoesDownAndBackspaceUp) {
  type("G");
  press_key({Key::kEnter});
  EXPECT_EQ(view_.scope, (Scope{Scope::Kind::kWorkflow, FolderForTest::workflow_id(1)}));
  EXPECT_EQ(picture_.workflows.size(), 1U);
  press_key({Key::kTab});
  EXPECT_EQ(view_.focus, Pane::kRunning);
  const Wish wish = press_key({Key::kEnter});
  ASSERT_TRUE(wish.question);
  EXPECT_EQ(wish.question->what, "task:" + picture_.running_tasks[0].id);
  EXPECT_TRUE(press_key({Key::kBackspace}).up);
}

TEST_F(Keyboard, FilterIsTypedAppliedAndCleared) {
  type("/statusq:x");  // letters are text there, q does not quit
  press_key({Key::kBackspace});
  press_key({Key::kText, "é"});
  press_key({Key::kBackspace});
  EXPECT_EQ(*view_.typed, "statusq:");
  EXPECT_EQ(press_key({Key::kEnter}).filter, "statusq:");
  EXPECT_EQ(press_key({Key::kEscape}).filter, "");
  type("/x");
  EXPECT_FALSE(press_key({Key::kEscape}).filter);
  EXPECT_FALSE(view_.typed);
}

TEST_F(Keyboard, EnterOnAnActivityFiltersByItsName) {
  press_key({Key::kBackTab});
  EXPECT_EQ(view_.focus, Pane::kActivities);
  type("j");
  const Wish wish = press_key({Key::kEnter});
  EXPECT_TRUE(wish.filter == R"(activity:"train")" ||
              wish.filter == R"(activity:"it's \"quoted\"")")
      << *wish.filter;
}

TEST_F(Keyboard, OrdersTurnAndEnergyIsAKeyOfItsOwn) {
  type("s");
  EXPECT_EQ(view_.orders[0], 1U);
  type("e");
  EXPECT_EQ(orders_of(Pane::kWorkflows)[view_.orders[0]], "energy");
  EXPECT_EQ(orders_of(Pane::kActivities)[view_.orders[3]], "energy");
  type("e");
  EXPECT_EQ(view_.orders[0], 0U);
}

TEST_F(Keyboard, DComparesTwoWorkflows) {
  EXPECT_FALSE(type("d").question);
  EXPECT_FALSE(view_.marked.empty());
  const Wish wish = type("jd");
  ASSERT_TRUE(wish.question);
  EXPECT_EQ(wish.question->kind, Question::Kind::kDiff);
  EXPECT_NE(wish.question->what, wish.question->other);
  EXPECT_TRUE(view_.marked.empty());
}

TEST_F(Keyboard, HelpScrollsAndGoes) {
  type("?");
  ASSERT_TRUE(view_.page);
  EXPECT_FALSE(type("q").quit);  // closes the page first
  EXPECT_FALSE(view_.page);
  EXPECT_TRUE(type("q").quit);
}

TEST_F(Keyboard, EmptyListsTakeEveryKey) {
  Picture empty;
  for (const char* letter : {"j", "k", "g", "G", "s", "e", "w", "d", "f", " "}) {
    press(view_, {Key::kText, letter}, empty, 20);
  }
  for (const Key key : {Key::kEnter, Key::kUp, Key::kDown, Key::kEnd, Key::kPageDown}) {
    EXPECT_FALSE(press(view_, {key}, empty, 20).question);
  }
}

}  // namespace
}  // namespace headrace::top

#include "top/cells.h"

#include <gtest/gtest.h>

namespace headrace::top {
namespace {

std::string shown(const std::string& text, int width, bool plain = false) {
  Cells cells(width, 1);
  cells.put(0, 0, text, {}, width);
  std::string out = cells.text(plain);
  out.pop_back();
  return out;
}

TEST(Cells, CutsWhatIsTooLong) {
  EXPECT_EQ(shown("train", 5), "train");
  EXPECT_EQ(shown("training", 5), "trai…");
  EXPECT_EQ(shown("training", 5, true), "trai~");
  EXPECT_EQ(shown("training", 1), "…");
}

TEST(Cells, CountsColumnsOfWideAndCombiningCharacters) {
  EXPECT_EQ(shown("学習", 4), "学習");
  EXPECT_EQ(shown("学習率", 4), "学…");
  EXPECT_EQ(shown("学習", 3), "学…");
  EXPECT_EQ(shown("e\u0301te\u0301", 3), "e\u0301te\u0301");
  EXPECT_EQ(shown("学習 ok", 7, true), "???? ok");
  Cells cells(6, 1);
  cells.put(0, 0, "学習", {}, 6);
  EXPECT_EQ(cells.put(0, 4, "ab", {}, 2), 2);
  EXPECT_EQ(cells.text(false), "学習ab\n");
}

TEST(Cells, MarksWithoutEndAreCut) {
  std::string zalgo = "a";
  for (int i = 0; i < 1000; ++i) zalgo += "\u0301";
  EXPECT_LE(shown(zalgo, 10).size(), 10U);
}

TEST(Cells, HostileTextIsMadeSafe) {
  EXPECT_EQ(shown("a\x1b[2Jb", 10), "ab");
  EXPECT_EQ(shown("a\x1b]0;title\x07"
                  "b",
                  10),
            "ab");
  EXPECT_EQ(shown("a\r\nb", 10), "a  b");
  EXPECT_EQ(shown("a\xc2\x9b"
                  "2J",
                  10),
            "a\xef\xbf\xbd"
            "2J");
  EXPECT_EQ(shown("abc\u202egnp.exe\u202c", 12), "abc\ufffdgnp.exe\ufffd");
  EXPECT_EQ(shown("a\u200bb\u2066c\ufeff", 10), "ab\ufffdc");
  EXPECT_EQ(shown("\xff\xfe", 10), "\xef\xbf\xbd\xef\xbf\xbd");
  const std::string bytes = paint(Cells(),
                                  [] {
                                    Cells cells(8, 1);
                                    cells.put(0, 0, "x\x1b[31mred\x07", {}, 8);
                                    return cells;
                                  }(),
                                  {});
  EXPECT_EQ(bytes.find("\x1b[31m"), std::string::npos);
  EXPECT_EQ(bytes.find('\x07'), std::string::npos);
}

TEST(Cells, OutsideIsNowhere) {
  Cells cells(4, 2);
  EXPECT_EQ(cells.put(2, 0, "x", {}, 4), 0);
  EXPECT_EQ(cells.put(-1, 0, "x", {}, 4), 0);
  EXPECT_EQ(cells.put(0, 4, "x", {}, 4), 0);
  cells.put(1, 3, "long", {}, 9);
  EXPECT_EQ(cells.text(false), "\n   …\n");
}

TEST(Paint, WritesOnlyWhatChanged) {
  Cells before(20, 3);
  before.put(1, 0, "tasks 12", {}, 20);
  Cells after = before;
  EXPECT_EQ(paint(before, after, {}), "");
  after.put(1, 6, "13", {}, 2);
  EXPECT_EQ(paint(before, after, {}), "\x1b[2;8H\x1b[0m3\x1b[0m");
  EXPECT_NE(paint(Cells(10, 3), after, {}).find("\x1b[2J"), std::string::npos);
}

TEST(Paint, ColourNeverStandsAlone) {
  Cells cells(10, 1);
  cells.put(0, 0, "✕ failed", {Ink::kFailed}, 10);
  EXPECT_NE(printed(cells, {true, false}).find(";31m"), std::string::npos);
  EXPECT_EQ(printed(cells, {false, false}), "✕ failed\n");
  EXPECT_EQ(printed(cells, {false, true}), "x failed\n");
}

}  // namespace
}  // namespace headrace::top

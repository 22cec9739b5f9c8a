#include "top/keys.h"

#include <gtest/gtest.h>

namespace headrace::top {
namespace {

using Presses = std::vector<Press>;

TEST(Keys, KnowsCharactersAndSequences) {
  Keys keys;
  EXPECT_EQ(keys.feed("j\x1b[A\x1bOB\r"),
            (Presses{{Key::kText, "j"}, {Key::kUp}, {Key::kDown}, {Key::kEnter}}));
  EXPECT_EQ(keys.feed("é学"), (Presses{{Key::kText, "é"}, {Key::kText, "学"}}));
  EXPECT_EQ(keys.feed("\x7f\t\x1b[Z\x1b[5~"),
            (Presses{{Key::kBackspace}, {Key::kTab}, {Key::kBackTab}, {Key::kPageUp}}));
}

TEST(Keys, WaitsForTheRestOfASequence) {
  Keys keys;
  EXPECT_EQ(keys.feed("\x1b"), Presses{});
  EXPECT_EQ(keys.feed("["), Presses{});
  EXPECT_EQ(keys.feed("B"), (Presses{{Key::kDown}}));
  EXPECT_EQ(keys.feed("\xe5\xad"), Presses{});
  EXPECT_EQ(keys.feed("\xa6"), (Presses{{Key::kText, "学"}}));
}

TEST(Keys, ALoneEscapeIsAKeyWhenNothingFollows) {
  Keys keys;
  EXPECT_EQ(keys.feed("\x1b"), Presses{});
  EXPECT_TRUE(keys.is_waiting());
  EXPECT_EQ(keys.settle(), (Presses{{Key::kEscape}}));
  EXPECT_FALSE(keys.is_waiting());
  EXPECT_EQ(keys.feed("\x1bq"), (Presses{{Key::kEscape}, {Key::kText, "q"}}));
}

TEST(Keys, WhatIsNoKeyIsUnknown) {
  Keys keys;
  EXPECT_EQ(keys.feed("\x1b[99;5u\xff\x01"),
            (Presses{{Key::kUnknown}, {Key::kUnknown}, {Key::kUnknown}}));
  const std::string junk = "\x1b[" + std::string(200, '1');
  EXPECT_EQ(keys.feed(junk).size(), 1U);
}

}  // namespace
}  // namespace headrace::top

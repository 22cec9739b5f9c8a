#include "run/output_tail.h"

#include <gtest/gtest.h>
#include <numeric>

namespace headrace::run {
namespace {

TEST(OutputTail, KeepsTheLastBytesHoweverTheyCome) {
  std::string all;
  for (int i = 0; all.size() < 200'000; ++i) all += std::to_string(i) + "\n";
  for (const size_t step :
       {size_t{1}, size_t{7}, size_t{65'535}, size_t{65'536}, size_t{65'537}, all.size()}) {
    OutputTail tail;
    for (size_t at = 0; at < all.size(); at += step) {
      tail.append(std::string_view(all).substr(at, step));
    }
    EXPECT_EQ(tail.bytes(), all.substr(all.size() - OutputTail::kBytes)) << step;
    EXPECT_EQ(tail.total_bytes(), all.size());
  }
  OutputTail little;
  little.append("ab");
  little.append("c");
  EXPECT_EQ(little.bytes(), "abc");
}

TEST(OutputTail, TextIsCutAtLinesAndAddsUp) {
  OutputTail tail;
  std::string all;
  for (int i = 0; i < 20'000; ++i) all += "line " + std::to_string(i) + "\n";
  tail.append(all);
  const std::vector<std::string> pieces = text_pieces(tail, 8192);
  std::string joined;
  for (const std::string& piece : pieces) {
    EXPECT_LE(piece.size(), 8192u);
    EXPECT_EQ(piece.back(), '\n');
    joined += piece;
  }
  EXPECT_TRUE(joined.starts_with("line "));
  EXPECT_TRUE(all.ends_with(joined));
}

TEST(OutputTail, WhatIsNoTextBecomesReplacementCharacters) {
  OutputTail tail;
  tail.append(std::string_view("a\0b\xFF\xC3\xA9\xED\xA0\x80", 9));
  const std::vector<std::string> pieces = text_pieces(tail, 8192);
  ASSERT_EQ(pieces.size(), 1u);
  const std::string r = "\xEF\xBF\xBD";
  EXPECT_EQ(pieces[0], "a" + r + "b" + r + "\xC3\xA9" + r + r + r);
}

TEST(OutputTail, ALongLineIsNotCutInsideACharacter) {
  OutputTail tail;
  for (int i = 0; i < 3000; ++i) tail.append("\xC3\xA9");
  const std::vector<std::string> pieces = text_pieces(tail, 101);
  EXPECT_EQ(pieces.front().size(), 100u);
  EXPECT_EQ(std::accumulate(pieces.begin(), pieces.end(), std::string()).size(), 6000u);
}

}  // namespace
}  // namespace headrace::run

#include "top/recent.h"

#include <gtest/gtest.h>

namespace headrace::top {
namespace {

TEST(Recent, RateIsOverTheSecondsThatHaveBeenSeen) {
  Recent recent;
  for (int64_t second = 1000; second < 1020; ++second) {
    for (int i = 0; i < 7; ++i) recent.add(second);
  }
  EXPECT_EQ(recent.rate(1020), 7);
  EXPECT_EQ(recent.rate(1024), 4.9);  // ended in seven of the ten seconds
  EXPECT_EQ(recent.rate(1040), 0);
}

TEST(Recent, RateOfABeginningIsNotWateredDown) {
  Recent recent;
  for (int64_t second = 1000; second < 1003; ++second) recent.add(second);
  EXPECT_EQ(recent.rate(1004), 1);
}

TEST(Recent, ForgetsWhatIsOldAndTakesWhatComesLate) {
  Recent recent;
  recent.add(1000);
  recent.add(1063);
  EXPECT_EQ(recent.at(1000), 1U);
  recent.add(1000);
  EXPECT_EQ(recent.at(1000), 2U);
  recent.add(1064);
  EXPECT_EQ(recent.at(1000), 0U);
  recent.add(5000);
  EXPECT_EQ(recent.at(1064), 0U);
  recent.add(1064);  // far too late
  EXPECT_EQ(recent.at(5000), 1U);
  EXPECT_EQ(Recent().rate(5000), 0);
}

}  // namespace
}  // namespace headrace::top

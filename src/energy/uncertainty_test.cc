#include "energy/uncertainty.h"

#include <cmath>
#include <gtest/gtest.h>

namespace headrace::energy {
namespace {

TEST(Uncertainty, ReadsWhatAnEstimateSaysOfItself) {
  EXPECT_DOUBLE_EQ(stated_relative("3 W; taken to be right within 50 %; no idle power"), 0.5);
  EXPECT_DOUBLE_EQ(stated_relative("within 100 %"), 1);
  EXPECT_DOUBLE_EQ(stated_relative(""), kEstimatedRelative);
  EXPECT_DOUBLE_EQ(stated_relative("within reason"), kEstimatedRelative);
  EXPECT_DOUBLE_EQ(stated_relative("within -4 %"), kEstimatedRelative);
}

TEST(Uncertainty, AddsItsPartsInSquares) {
  EXPECT_DOUBLE_EQ(u95_j(10, 0, 0.05, 0), 0.5);
  EXPECT_DOUBLE_EQ(u95_j(10, 2, 0, 0), 0.95);
  EXPECT_DOUBLE_EQ(u95_j(10, 0, 0, 4), 2);
  EXPECT_DOUBLE_EQ(u95_j(10, 0, 0, 400), 5) << "no more than half of its own is at stake";
  EXPECT_DOUBLE_EQ(u95_j(10, 0, 0, -1), 0);
  EXPECT_DOUBLE_EQ(u95_j(10, 2, 0.05, 4), std::hypot(0.5, 0.95, 2));
}

}  // namespace
}  // namespace headrace::energy

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
  EXPECT_DOUBLE_EQ(split_u95_j(4, 10, 0), 3.92);
  EXPECT_DOUBLE_EQ(split_u95_j(0, 10, 0.25), 2.5);
  EXPECT_DOUBLE_EQ(split_u95_j(4, 10, 0.25), std::hypot(3.92, 2.5));
  EXPECT_DOUBLE_EQ(split_u95_j(-1e-20, 10, 0), 0) << "rounding is no variance";
}

}  // namespace
}  // namespace headrace::energy

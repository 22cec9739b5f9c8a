#include "exchange/lanes.h"

#include <gtest/gtest.h>

namespace headrace::exchange {
namespace {

TEST(Lanes, WhatNestsOrFollowsSharesALane) {
  Lanes lanes;
  EXPECT_EQ(lanes.place(0, 100), 0U);
  EXPECT_EQ(lanes.place(0, 50), 0U);
  EXPECT_EQ(lanes.place(10, 50), 0U);
  EXPECT_EQ(lanes.place(50, 100), 0U);
  EXPECT_EQ(lanes.place(100, 110), 0U);
}

TEST(Lanes, WhatOverlapsGetsALaneOfItsOwn) {
  Lanes lanes;
  EXPECT_EQ(lanes.place(0, 100), 0U);
  EXPECT_EQ(lanes.place(50, 150), 1U);
  EXPECT_EQ(lanes.place(60, 160), 2U);
  EXPECT_EQ(lanes.place(100, 120), 0U);
  EXPECT_EQ(lanes.place(150, 170), 0U) << "the first lane that is free";
  lanes.clear();
  EXPECT_EQ(lanes.place(50, 150), 0U);
}

}  // namespace
}  // namespace headrace::exchange

#include "base/bytes.h"

#include <gtest/gtest.h>

namespace headrace {
namespace {

TEST(Bytes, WhatIsWrittenIsRead) {
  std::string out;
  ByteWriter w(out);
  w.u8(1), w.u16(2), w.u32(3), w.u64(4), w.i64(-5), w.f64(0.5), w.text("six");
  ByteReader r(out);
  EXPECT_EQ(r.u8(), 1);
  EXPECT_EQ(r.u16(), 2);
  EXPECT_EQ(r.u32(), 3u);
  EXPECT_EQ(r.u64(), 4u);
  EXPECT_EQ(r.i64(), -5);
  EXPECT_EQ(r.f64(), 0.5);
  EXPECT_EQ(r.text(), "six");
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(r.remaining(), 0u);
}

TEST(Bytes, ReadingPastTheEndFailsAndStaysFailed) {
  ByteReader r("abc");
  EXPECT_EQ(r.u32(), 0u);
  EXPECT_FALSE(r.ok());
  EXPECT_EQ(r.u8(), 0);
  EXPECT_FALSE(r.ok());
}

TEST(Bytes, ALengthBeyondTheInputIsRefusedWithoutReading) {
  std::string out;
  ByteWriter(out).u32(0xFFFFFFFF);
  ByteReader r(out);
  EXPECT_TRUE(r.text().empty());
  EXPECT_FALSE(r.ok());
}

}  // namespace
}  // namespace headrace

#include "report/packed_column.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace headrace::report {
namespace {

std::string data(const query::Json& column) { return column["data"].text(); }

// RFC 4648 section 10.
TEST(PackedColumn, Base64EqualsTheStandardsExamples) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64(std::string("\xff\xfe\x00", 3)), "//4A");
}

TEST(PackedColumn, NumbersTakeTheBytesThatTheyNeed) {
  EXPECT_EQ(data(pack_varint({0, 127, 128, 300})),
            base64(std::string("\x00\x7f\x80\x01\xac\x02", 6)));
  EXPECT_EQ(data(pack_signed({0, -1, 1, -2})), base64(std::string("\x00\x01\x02\x03", 4)));
  EXPECT_EQ(data(pack_runs({5, 5, 5, 0})), base64(std::string("\x05\x03\x00\x01", 4)));
}

TEST(PackedColumn, ExtremesSurvive) {
  const uint64_t top = std::numeric_limits<uint64_t>::max();
  // 0 to the top is a difference of -1 modulo 2^64, and back again one of +1.
  EXPECT_EQ(data(pack_delta({top, 0})), base64(std::string("\x01\x02", 2)));
  EXPECT_EQ(data(pack_varint({top})),
            base64(std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10)));
  EXPECT_EQ(data(pack_signed({std::numeric_limits<int64_t>::min()})),
            base64(std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10)));
}

TEST(PackedColumn, SinglesAreLittleEndian) {
  EXPECT_EQ(data(pack_f32({1.0})), base64(std::string("\x00\x00\x80\x3f", 4)));
  EXPECT_EQ(pack_f32({std::nan("")})["encoding"].text(), "f32");
}

}  // namespace
}  // namespace headrace::report

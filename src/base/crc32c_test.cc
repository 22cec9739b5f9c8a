#include "base/crc32c.h"

#include <gtest/gtest.h>
#include <string>

namespace headrace {
namespace {

// RFC 3720 appendix B.4.
TEST(Crc32c, MatchesThePublishedExamples) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
}

TEST(Crc32c, HardwareAndPortableAgreeAtEveryLength) {
  std::string bytes;
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(crc32c(bytes), detail::crc32c_portable(bytes, 0)) << i;
    bytes.push_back(static_cast<char>(i * 37 + 11));
  }
}

TEST(Crc32c, ContinuesWhereItStopped) {
  const std::string bytes = "headrace carries the stream to the wheel";
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    EXPECT_EQ(crc32c(bytes.substr(cut), crc32c(bytes.substr(0, cut))), crc32c(bytes));
  }
}

}  // namespace
}  // namespace headrace

#include "serve/gzip.h"

#include <gtest/gtest.h>

namespace headrace::serve {
namespace {

TEST(Gzip, PacksWhatRepeats) {
  const std::string text(100'000, 'a');
  const std::string packed = gzipped(text);
  EXPECT_LT(packed.size(), 1000U);
  EXPECT_EQ(packed.substr(0, 2), "\x1f\x8b");
}

TEST(Gzip, IsTakenWhereItIsNamed) {
  for (const char* yes : {"gzip", "gzip, deflate, br", "br;q=1.0, gzip;q=0.5", "*"}) {
    EXPECT_TRUE(takes_gzip(yes)) << yes;
  }
  for (const char* no : {"", "identity", "br", "gzip;q=0", "gzip;q=0.000", "xgzip"}) {
    EXPECT_FALSE(takes_gzip(no)) << no;
  }
}

}  // namespace
}  // namespace headrace::serve

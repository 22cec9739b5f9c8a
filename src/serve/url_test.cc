#include "serve/url.h"

#include <gtest/gtest.h>

namespace headrace::serve {
namespace {

TEST(Url, TakesQueriesApart) {
  const Url url = url_of("/a%20b?x=1&y=a+b%26c&flag&&z=");
  EXPECT_EQ(url.path, "/a%20b");
  const std::vector<std::pair<std::string, std::string>> wanted = {
      {"x", "1"}, {"y", "a b&c"}, {"flag", ""}, {"z", ""}};
  EXPECT_EQ(url.query, wanted);
}

TEST(Url, DecodesAfterSplitting) {
  const std::vector<std::string> wanted = {"api", "v1", "objects", "a/b", "..", ""};
  EXPECT_EQ(parts_of("/api/v1/objects/a%2Fb/%2e%2e/"), wanted);
}

TEST(Url, RefusesWhatIsNoEncoding) {
  EXPECT_FALSE(decoded("a%2", false));
  EXPECT_FALSE(decoded("a%zz", false));
  EXPECT_FALSE(parts_of("/a/%g0"));
  EXPECT_FALSE(parts_of("*"));
  EXPECT_EQ(decoded("a+b", false), "a+b");
}

}  // namespace
}  // namespace headrace::serve

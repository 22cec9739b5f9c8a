#include "report/html.h"

#include "gtest/gtest.h"
#include "query/json.h"

namespace headrace::report {
namespace {

constexpr const char* kHostile = "</script><script>alert(1)</script><!-- & ]]> \xE2\x80\xA8";

TEST(Html, NoStringEndsTheDataElement) {
  const std::string json = query::Json(query::Json::Map{{kHostile, kHostile}}).dump();
  const std::string safe = html_safe_json(json);
  EXPECT_EQ(safe.find_first_of("<>&"), std::string::npos);
  const Result<query::Json> back = query::Json::parse(safe);
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ((*back)[kHostile].text(), kHostile);
}

TEST(Html, ThePageHoldsScriptStyleAndDataAndNamesNoOtherPlace) {
  const std::string page = page_html(R"({"a":1})");
  EXPECT_NE(page.find(R"(id="report-data">{"a":1}</script>)"), std::string::npos);
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  EXPECT_NE(page.find("script-src 'sha256-"), std::string::npos);
  EXPECT_EQ(page.find("%DATA%"), std::string::npos);
  EXPECT_EQ(page.find("http://"), std::string::npos);
  EXPECT_EQ(page.find("https://"), std::string::npos);
  EXPECT_EQ(page.find(" src="), std::string::npos);
}

}  // namespace
}  // namespace headrace::report

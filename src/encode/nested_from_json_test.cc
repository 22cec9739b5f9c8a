#include "encode/nested_from_json.h"

#include <gtest/gtest.h>

#include "encode/nested.h"

namespace headrace {
namespace {

std::string there_and_back(std::string_view json) {
  const Result<std::string> nested = nested_from_json(json);
  return nested.ok() ? nested_to_json(*nested).value_or("not nested") : "refused";
}

TEST(NestedFromJson, KeepsWhatJsonCanSay) {
  for (const char* json :
       {"null", "true", "-7", "9223372036854775807", "0.25", "\"a\\\"b\\\\\"", "[]", "{}",
        "[1,[2,{\"a\":null}],\"\"]", "{\"packages\":{\"numpy\":\"1.26.4\"},\"count\":3}"}) {
    EXPECT_EQ(there_and_back(json), json);
  }
  EXPECT_EQ(there_and_back(" { \"a\" :\t[ 1 , 2 ] }\n"), "{\"a\":[1,2]}");
  EXPECT_EQ(there_and_back("\"\\n\\t\\/\""), "\"\\u000a\\u0009/\"");
  EXPECT_EQ(there_and_back("18446744073709551616"), "{\"$int\":\"18446744073709551616\"}");
  EXPECT_EQ(there_and_back("\"\\u00e9\\ud83d\\ude00\""), "\"\xC3\xA9\xF0\x9F\x98\x80\"");
}

TEST(NestedFromJson, RefusesWhatIsNotJson) {
  for (const char* json :
       {"", " ", "{", "[1,]", "{\"a\"}", "{a:1}", "01", "1.", "-", "nul", "\"", "\"\\x\"",
        "\"\\u12\"", "\"\n\"", "[1] 2", "NaN", "{\"a\":1,}", "'a'", "1e"}) {
    EXPECT_EQ(there_and_back(json), "refused") << json;
  }
  EXPECT_EQ(there_and_back(std::string(100'000, '[')), "refused");
}

TEST(NestedFromJson, TakesPythonsNumbersWhereAsked) {
  const Result<std::string> nested =
      nested_from_json("[NaN, Infinity, -Infinity, -1]", JsonNumbers::kPython);
  ASSERT_TRUE(nested.ok()) << nested.status().message();
  EXPECT_EQ(*nested_to_json(*nested),
            R"([{"$float":"nan"},{"$float":"inf"},{"$float":"-inf"},-1])");
  EXPECT_FALSE(nested_from_json("[Inf]", JsonNumbers::kPython).ok());
}

}  // namespace
}  // namespace headrace

#include "query/json_number.h"

#include <cmath>
#include <gtest/gtest.h>

namespace headrace::query {
namespace {

std::optional<double> number(std::string_view object, std::string_view key) {
  return JsonNumber(key).in(object);
}

TEST(JsonNumber, FindsTheKeyAtTheTop) {
  EXPECT_EQ(number(R"({"b":7})", "b"), 7);
  EXPECT_EQ(number(R"({"a":1,"b":-2.5e3})", "b"), -2500);
  EXPECT_EQ(number(R"({"bb":1,"b":2})", "b"), 2);
  EXPECT_EQ(number(R"({"b": 3})", "b"), 3);
  EXPECT_EQ(number(R"({"b" : 3})", "b"), 3);
  EXPECT_EQ(number(R"({"b\u00e9":3})", "bé"), 3);
  EXPECT_EQ(number(R"({"a\"b":4})", "a\"b"), 4);
  EXPECT_TRUE(std::isnan(*number(R"({"b":{"$float":"nan"}})", "b")));
}

TEST(JsonNumber, AKeyInsideOfSomethingIsAnother) {
  EXPECT_EQ(number(R"({"in":{"b":1},"text":"\"b\":9","b": 2})", "b"), 2);
  EXPECT_EQ(number(R"({"in":{"a":0,"b":1},"b":2})", "b"), 2);
  EXPECT_EQ(number(R"({"text":"a,\\\"b\":9","b":2})", "b"), 2);
  EXPECT_EQ(number(R"({"x\"b":1,"b":2})", "b"), 2);
  EXPECT_FALSE(number(R"({"in":[{"b":1}]})", "b"));
}

TEST(JsonNumber, WhatIsNoNumberIsNone) {
  EXPECT_FALSE(number(R"({"b":"text"})", "b"));
  EXPECT_FALSE(number(R"({"b":null})", "b"));
  EXPECT_FALSE(number(R"({"a":1})", "b"));
  EXPECT_FALSE(number(R"(["b"])", "b"));
  EXPECT_FALSE(number(R"({"b)", "b"));
  EXPECT_FALSE(number(R"({"b":)", "b"));
  EXPECT_FALSE(number("", "b"));
}

}  // namespace
}  // namespace headrace::query

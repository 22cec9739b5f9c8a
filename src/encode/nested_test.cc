#include "encode/nested.h"

#include <bit>
#include <cmath>
#include <cstdio>
#include <gtest/gtest.h>
#include <limits>

namespace headrace {
namespace {

std::string json(const std::string& nested) {
  const Result<std::string> out = nested_to_json(nested);
  return out.ok() ? *out : "error: " + out.status().message();
}

TEST(Nested, EveryKindHasItsJson) {
  std::string out;
  NestedWriter w(out);
  w.begin_list(12);
  w.null();
  w.boolean(true);
  w.integer(std::numeric_limits<int64_t>::min());
  w.real(0.1);
  w.real(std::nan(""));
  w.real(-std::numeric_limits<double>::infinity());
  w.string("q\"\\\x01\xC3\xA9");
  w.bytes(std::string("\x00\xFF", 2));
  w.big_integer("1267650600228229401496703205376");
  w.object(Uuid{0x0011223344558677ull, 0x8899AABBCCDDEEFFull});
  w.time_ns(0);
  w.placeholder("torch.Generator", "no encoder");
  EXPECT_EQ(json(out),
            "[null,true,-9223372036854775808,0.1,{\"$float\":\"nan\"},{\"$float\":\"-inf\"},"
            "\"q\\\"\\\\\\u0001\xC3\xA9\",{\"$bytes\":\"00ff\"},"
            "{\"$int\":\"1267650600228229401496703205376\"},"
            "{\"$object\":\"00112233-4455-8677-8899-aabbccddeeff\"},"
            "{\"$time\":\"1970-01-01T00:00:00.000000000Z\"},"
            "{\"$unkept\":{\"type\":\"torch.Generator\",\"reason\":\"no encoder\"}}]");
}

TEST(Nested, AFloatKeepsItsTypeInJson) {
  std::string out;
  append_json_float(out, 2.0);
  out += ' ';
  append_json_float(out, -0.0);
  out += ' ';
  append_json_float(out, 1e300);
  EXPECT_EQ(out, "2.0 -0.0 1e+300");
}

TEST(Nested, InvalidUtf8NeverMakesInvalidJson) {
  std::string out;
  append_json_string(out, std::string("a\xFF\xC0\xAF\xED\xA0\x80z", 8));
  EXPECT_EQ(out.front(), '"');
  EXPECT_EQ(out.find('\xFF'), std::string::npos);
  EXPECT_NE(out.find("\xEF\xBF\xBD"), std::string::npos);
}

TEST(Nested, KeysThatAreNoStringsAreKept) {
  std::string out;
  NestedWriter w(out);
  w.begin_map(2);
  w.integer(1);
  w.string("one");
  w.string("1");
  w.string("text one");
  EXPECT_EQ(json(out), R"({"$map":[[1,"one"],["1","text one"]]})");
}

TEST(Nested, TypedTextSetsAndReferences) {
  std::string out;
  NestedWriter w(out);
  w.begin_list(4);
  w.typed("decimal", "0.10");
  w.begin_set(2);
  w.integer(1);
  w.null();
  w.typed("ref", "0");
  w.string("a\xED\xA0\x80\\\xFF");
  EXPECT_EQ(json(out),
            R"([{"$decimal":"0.10"},{"$set":[1,null]},{"$ref":0},{"$text":"a\\ud800\\\\\\xff"}])");
  std::string odd;
  NestedWriter(odd).typed("path", "/a\\\xFF");
  EXPECT_EQ(json(odd), R"({"$path_escaped":"/a\\\\\\xff"})");
  std::string bad;
  NestedWriter(bad).typed("not a name", "x");
  EXPECT_FALSE(nested_to_json(bad).ok());
}

TEST(Nested, MapsThatJsonObjectsCannotSayAreListsOfPairs) {
  const auto pairs = [](std::initializer_list<std::string_view> keys) {
    std::string out;
    NestedWriter w(out);
    w.begin_map(static_cast<uint32_t>(keys.size()));
    for (const std::string_view key : keys) {
      w.string(key);
      w.integer(1);
    }
    return json(out);
  };
  EXPECT_EQ(pairs({"$float"}), R"({"$$float":1})");
  EXPECT_EQ(pairs({"$$float", "x"}), R"({"$$$float":1,"x":1})");
  EXPECT_EQ(pairs({"x", "x"}), R"({"$map":[["x",1],["x",1]]})");
  EXPECT_EQ(pairs({"\xED\xA0\x80"}), R"({"$map":[[{"$text":"\\ud800"},1]]})");
}

TEST(Nested, ANanKeepsItsBits) {
  for (const uint64_t bits :
       {0x7FF8000000000123ull, 0xFFF8000000000000ull, 0x7FF0000000000001ull}) {
    std::string out;
    append_json_float(out, std::bit_cast<double>(bits));
    char expected[64];
    std::snprintf(expected, sizeof expected, R"_({"$float":"nan(0x%llx)"})_",
                  static_cast<unsigned long long>(bits));
    EXPECT_EQ(out, expected);
  }
}

TEST(Nested, DeepMapsAreReadInLinearTime) {
  std::string out;
  NestedWriter w(out);
  for (int i = 0; i < kMaxNestedDepth; ++i) {
    w.begin_map(1);
    w.string("k");
  }
  w.null();
  EXPECT_EQ(json(out).size(), 6u * kMaxNestedDepth + 4);
}

TEST(Nested, TooDeepOrTornIsAnErrorNotACrash) {
  std::string deep;
  NestedWriter w(deep);
  for (int i = 0; i < 10'000; ++i) w.begin_list(1);
  w.null();
  EXPECT_FALSE(nested_to_json(deep).ok());
  std::string whole;
  NestedWriter v(whole);
  v.begin_map(1);
  v.string("key");
  v.begin_list(2);
  v.integer(1);
  v.string("two");
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_FALSE(nested_to_json(whole.substr(0, cut)).ok()) << cut;
  }
  for (size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bent = whole;
      bent[at] = static_cast<char>(bent[at] ^ (1 << bit));
      (void)nested_to_json(bent).ok();  // any answer, no crash
    }
  }
}

TEST(Nested, ACountBeyondTheBytesIsRefused) {
  std::string out;
  NestedWriter(out).begin_list(0xFFFFFFFF);
  EXPECT_FALSE(nested_to_json(out).ok());
}

TEST(Nested, CellsReadLikeValues) {
  EXPECT_EQ(cell_to_json(ValueTag::kInt, static_cast<uint64_t>(-3), {}).value_or(""), "-3");
  EXPECT_EQ(cell_to_json(ValueTag::kFloat, std::bit_cast<uint64_t>(2.5), {}).value_or(""), "2.5");
  EXPECT_EQ(cell_to_json(ValueTag::kString, 0, "s").value_or(""), "\"s\"");
  EXPECT_FALSE(cell_to_json(ValueTag::kObject, 0, "short").ok());
}

}  // namespace
}  // namespace headrace

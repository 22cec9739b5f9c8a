#include "exchange/flowcept_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "encode/nested.h"

namespace headrace::exchange {
namespace {

using Kind = FlowceptDocument::Kind;
using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::string_literals;

FlowceptDocument document(const std::string& json) {
  Result<FlowceptDocument> out = FlowceptDocument::from_json(json);
  EXPECT_TRUE(out.ok()) << json << ": " << out.status().message();
  return out.ok() ? std::move(*out) : FlowceptDocument();
}

// A field of a message, as JSON.
std::string said(const std::string& message, std::string_view name) {
  const Result<FlowceptDocument> out = FlowceptDocument::from_msgpack(message);
  EXPECT_TRUE(out.ok()) << out.status().message();
  if (!out.ok() || out->fields().empty()) return "none";
  for (const FlowceptDocument::Field& field : out->fields()) {
    if (field.name == name) return nested_to_json(field.nested).value_or("damaged");
  }
  return "none";
}

// {"v": what these bytes say}
std::string with(const std::string& bytes) { return "\x81\xa1v"s + bytes; }

TEST(FlowceptDocument, ItsKindIsItsTypeElseToldByItsFields) {
  for (const auto& [json, kind] : std::vector<std::pair<std::string, Kind>>{
           {R"({"type":"task","agent_id":"a"})", Kind::kTask},
           {R"({"type":"workflow"})", Kind::kWorkflow},
           {R"({"type":"agent"})", Kind::kAgent},
           {R"({"type":"object"})", Kind::kObject},
           {R"({"type":"flowcept_control"})", Kind::kControl},
           {R"({"type":"flowcept_agent"})", Kind::kMonitor},
           {R"({"task_id":"t","agent_id":"a","name":"n"})", Kind::kTask},
           {R"({"activity_id":"a","type":null})", Kind::kTask},
           {R"({"agent_id":"a","name":"n"})", Kind::kAgent},
           {R"({"name":"n"})", Kind::kWorkflow},
           {R"({"environment_id":"e"})", Kind::kWorkflow}}) {
    const Result<Kind> told = document(json).kind();
    ASSERT_TRUE(told.ok()) << json;
    EXPECT_EQ(*told, kind) << json;
  }
  for (const char* json : {R"({"type":"other"})", R"({"type":[1]})", R"({"used":{"x":1}})", "{}"}) {
    EXPECT_EQ(document(json).kind().status().code(), StatusCode::kInvalidArgument) << json;
  }
}

TEST(FlowceptDocument, OfTwoFieldsOfANameTheLaterHoldsAndNullIsAbsent) {
  const FlowceptDocument told = document(R"({"a":1,"b":null,"a":"x","c":null,"c":2})");
  EXPECT_EQ(told.text("a"), "x");
  EXPECT_FALSE(told.has("b"));
  EXPECT_EQ(told.text("c"), "2");
  EXPECT_EQ(told.fields().size(), 3U);
}

TEST(FlowceptDocument, TextsAreStringsAndDigitsOfNumbers) {
  const FlowceptDocument told = document(
      R"({"s":"t","i":-7,"f":2.5,"big":123456789012345678901234567890,"b":true,"l":[1],"m":{}})");
  EXPECT_EQ(told.text("s"), "t");
  EXPECT_EQ(told.text("i"), "-7");
  EXPECT_EQ(told.text("f"), "2.5");
  EXPECT_EQ(told.text("big"), "123456789012345678901234567890");
  for (const char* name : {"b", "l", "m", "absent"}) EXPECT_EQ(told.text(name), std::nullopt);
}

TEST(FlowceptDocument, TimesAreSecondsMillisecondsOrIsoText) {
  for (const auto& [json, ns] : std::vector<std::pair<std::string, int64_t>>{
           {"1700000000", 1'700'000'000'000'000'000},
           {"1700000000.25", 1'700'000'000'250'000'000},
           {"1700000000250", 1'700'000'000'250'000'000},
           {"0", 0},
           {R"("2023-11-14T22:13:20")", 1'700'000'000'000'000'000},
           {R"("2023-11-14 22:13:20.5Z")", 1'700'000'000'500'000'000},
           {R"("2023-11-14T22:13:20.123456789012Z")", 1'700'000'000'123'456'789},
           {R"("2023-11-14T23:43:20+01:30")", 1'700'000'000'000'000'000},
           {R"("2023-11-14T20:13:20-02:00")", 1'700'000'000'000'000'000}}) {
    const Result<std::optional<int64_t>> told = document("{\"at\":" + json + "}").time_ns("at");
    ASSERT_TRUE(told.ok()) << json << ": " << told.status().message();
    ASSERT_TRUE(*told) << json;
    EXPECT_EQ(**told, ns) << json;
  }
  for (const char* json :
       {"-1", "1e300", "true", "[1]", "{}", R"("yesterday")", R"("2023-13-14T22:13:20")",
        R"("2023-02-30T22:13:20")", R"("2023-11-14T24:13:20")", R"("2023-11-14T22:61:20")",
        R"("2023-11-14T22:13:75")", R"("1969-11-14T22:13:20")", R"("2023-11-14T22:13:20+1")",
        R"("2023-11-14T22:13:20 later")"}) {
    const Result<std::optional<int64_t>> told =
        document(std::string("{\"at\":") + json + "}").time_ns("at");
    EXPECT_EQ(told.status().code(), StatusCode::kInvalidArgument) << json;
    EXPECT_THAT(told.status().message(), HasSubstr("its at is no time"));
  }
  const Result<std::optional<int64_t>> absent = document("{}").time_ns("at");
  ASSERT_TRUE(absent.ok());
  EXPECT_FALSE(*absent);
}

TEST(FlowceptDocument, InnerValuesAreAMapOrNumberedArguments) {
  const FlowceptDocument told =
      document(R"({"map":{"x":1,"2":3},"list":["a",[1]],"one":5,"none":null})");
  EXPECT_EQ(told.inner("map").text("x"), "1");
  EXPECT_EQ(told.inner("list").text("arg0"), "a");
  EXPECT_EQ(told.inner("list").fields().size(), 2U);
  EXPECT_EQ(told.inner("one").text("arg0"), "5");
  EXPECT_TRUE(told.inner("none").fields().empty());
  EXPECT_TRUE(told.inner("absent").fields().empty());
  EXPECT_TRUE(told.is_map("map"));
  EXPECT_FALSE(told.is_map("list"));
}

TEST(FlowceptDocument, TextsOfAListOfTextsOnly) {
  const FlowceptDocument told = document(R"({"tags":["a","b"],"mixed":["a",1],"text":"a"})");
  ASSERT_TRUE(told.texts("tags"));
  EXPECT_THAT(*told.texts("tags"), ElementsAre("a", "b"));
  EXPECT_FALSE(told.texts("mixed"));
  EXPECT_FALSE(told.texts("text"));
  EXPECT_FALSE(told.texts("absent"));
}

TEST(FlowceptDocument, AMapOfVeryManyNamesIsRead) {
  std::string json = "{\"type\":\"task\",\"used\":{";
  for (int i = 0; i < 300000; ++i) json += "\"k" + std::to_string(i) + "\":1,";
  json += "\"k7\":2}}";
  const FlowceptDocument used = document(json).inner("used");
  EXPECT_EQ(used.fields().size(), 300000U);
  EXPECT_EQ(used.fields()[7].name, "k7");
  EXPECT_EQ(used.text("k7"), "2");
}

TEST(FlowceptDocument, WhatIsNoMapIsNone) {
  for (const char* json : {"", "[1]", "7", "{\"a\":1", "{\"a\":1} 2", "null", "{'a':1}"}) {
    EXPECT_EQ(FlowceptDocument::from_json(json).status().code(), StatusCode::kCorrupt) << json;
  }
}

TEST(FlowceptMessage, SaysEveryTypeOfMessagePack) {
  for (const auto& [bytes, json] : std::vector<std::pair<std::string, std::string>>{
           {"\xc0"s, "null"},
           {"\xc2"s, "false"},
           {"\xc3"s, "true"},
           {"\x7f"s, "127"},
           {"\xe0"s, "-32"},
           {"\xcc\xff"s, "255"},
           {"\xcd\xff\xff"s, "65535"},
           {"\xce\xff\xff\xff\xff"s, "4294967295"},
           {"\xcf\x7f\xff\xff\xff\xff\xff\xff\xff"s, "9223372036854775807"},
           {"\xd0\x80"s, "-128"},
           {"\xd1\x80\x00"s, "-32768"},
           {"\xd2\x80\x00\x00\x00"s, "-2147483648"},
           {"\xd3\xff\xff\xff\xff\xff\xff\xff\xff"s, "-1"},
           {"\xca\x3f\xc0\x00\x00"s, "1.5"},
           {"\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"s, "1.5"},
           {"\xa2hi"s, "\"hi\""},
           {"\xd9\x02hi"s, "\"hi\""},
           {"\xda\x00\x02hi"s, "\"hi\""},
           {"\xdb\x00\x00\x00\x02hi"s, "\"hi\""},
           {"\x92\x01\x02"s, "[1,2]"},
           {"\xdc\x00\x01\x07"s, "[7]"},
           {"\xdd\x00\x00\x00\x01\x07"s, "[7]"},
           {"\x81\xa1k\x05"s, "{\"k\":5}"},
           {"\xde\x00\x01\xa1k\x05"s, "{\"k\":5}"},
           {"\xdf\x00\x00\x00\x01\xa1k\x05"s, "{\"k\":5}"}}) {
    EXPECT_EQ(said(with(bytes), "v"), json);
  }
  // Beyond what JSON has a word for: not null, and each its own.
  for (const std::string& bytes :
       {"\xcf\xff\xff\xff\xff\xff\xff\xff\xff"s, "\xc4\x02\x00\xff"s, "\xc5\x00\x01x"s,
        "\xc6\x00\x00\x00\x01x"s, "\xd6\xff\x65\x53\xf1\x00"s, "\xc7\x01\x05x"s, "\xd4\x05x"s}) {
    EXPECT_THAT(said(with(bytes), "v"), HasSubstr("{\"$"));
  }
}

TEST(FlowceptMessage, ATimestampIsATime) {
  for (const std::string& bytes :
       {"\xd6\xff\x65\x53\xf1\x00"s, "\xd7\xff\x00\x00\x00\x00\x65\x53\xf1\x00"s,
        "\xc7\x0c\xff\x00\x00\x00\x00\x00\x00\x00\x00\x65\x53\xf1\x00"s}) {
    const Result<FlowceptDocument> told = FlowceptDocument::from_msgpack(with(bytes));
    ASSERT_TRUE(told.ok());
    const Result<std::optional<int64_t>> at = told->time_ns("v");
    ASSERT_TRUE(at.ok()) << at.status().message();
    EXPECT_EQ(*at, 1'700'000'000'000'000'000);
  }
}

TEST(FlowceptMessage, ATimestampBefore1970IsNoTime) {
  const std::string one_second_before = "\xc7\x0c\xff\x00\x00\x00\x00"s + std::string(8, '\xff');
  const Result<FlowceptDocument> told = FlowceptDocument::from_msgpack(with(one_second_before));
  ASSERT_TRUE(told.ok());
  EXPECT_EQ(told->time_ns("v").status().code(), StatusCode::kInvalidArgument);
}

TEST(FlowceptMessage, KeysAreText) {
  EXPECT_EQ(said("\x81\x07\x01"s, "7"), "1");
  EXPECT_EQ(said("\x81\xc0\x01"s, "None"), "1");
  EXPECT_EQ(said("\x81\xc3\x01"s, "True"), "1");
  EXPECT_EQ(said("\x81\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00\x01"s, "1.5"), "1");
}

TEST(FlowceptMessage, CutAnywhereOrGoingOnItIsCorrupt) {
  const std::string whole =
      "\x84\xa7task_id\xa1t\xa4used\x81\xa1x\x92\x01\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"
      "\xa4"
      "data\xc4\x03xyz\xa2"
      "at\xd6\xff\x65\x53\xf1\x00"s;
  ASSERT_TRUE(FlowceptDocument::from_msgpack(whole).ok());
  for (size_t size = 0; size < whole.size(); ++size) {
    const Status cut = FlowceptDocument::from_msgpack(whole.substr(0, size)).status();
    EXPECT_EQ(cut.code(), StatusCode::kCorrupt) << size;
  }
  EXPECT_EQ(FlowceptDocument::from_msgpack(whole + "\xc0"s).status().code(), StatusCode::kCorrupt);
}

TEST(FlowceptMessage, DamageIsRefusedAndCostsNothing) {
  for (const std::string& bytes :
       {"\xc1"s, with("\xc1"s), with("\xdd\xff\xff\xff\xff"s), with("\xdf\xff\xff\xff\xff"s),
        with("\xdb\xff\xff\xff\xff"s), with("\xc6\xff\xff\xff\xff"s), with("\xc9\xff\xff\xff\xff"s),
        with(std::string(100000, '\x91') + "\x01"), "\x91\x01"s, "\x07"s}) {
    EXPECT_EQ(FlowceptDocument::from_msgpack(bytes).status().code(), StatusCode::kCorrupt);
  }
}

}  // namespace
}  // namespace headrace::exchange

// Units, UTF-8, JSON and nearest names: the small texts that every answer is made of.
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "query/json.h"
#include "query/nearest.h"
#include "query/units.h"
#include "query/utf8.h"

namespace headrace::query {
namespace {

TEST(SiText, HasThreeDigitsAndAPrefix) {
  EXPECT_EQ(si_text(12431, "J"), "12.4 kJ");
  EXPECT_EQ(si_text(3.8249, "s"), "3.82 s");
  EXPECT_EQ(si_text(0.0000042, "s"), "4.20 µs");
  EXPECT_EQ(si_text(999.7, "W"), "1.00 kW");
  EXPECT_EQ(si_text(0, "J"), "0.00 J");
  EXPECT_EQ(si_text(-250, "J"), "-250 J");
  EXPECT_EQ(si_text(1e15, "J"), "1000 TJ");
}

TEST(DurationText, TurnsToMinutesAndDays) {
  EXPECT_EQ(duration_text(59.94), "59.9 s");
  EXPECT_EQ(duration_text(59.96), "1 min 00 s");
  EXPECT_EQ(duration_text(245), "4 min 05 s");
  EXPECT_EQ(duration_text(7380), "2 h 03 min");
  EXPECT_EQ(duration_text(273600), "3 d 04 h");
}

TEST(NumberText, HasNoNeedlessDigits) {
  EXPECT_EQ(number_text(0.00003), "0.00003");
  EXPECT_EQ(number_text(2.48199999), "2.482");
  EXPECT_EQ(number_text(1234567), "1234567");
  EXPECT_EQ(number_text(1e-9), "1e-09");
  EXPECT_EQ(number_text(64), "64");
}

TEST(TwoDigits, HasNoExponent) {
  EXPECT_EQ(two_digits(3.4506), "3.5");
  EXPECT_EQ(two_digits(-0.0123), "-0.012");
  EXPECT_EQ(two_digits(99.7), "100");
  EXPECT_EQ(two_digits(-143.2), "-143");
  EXPECT_EQ(two_digits(12345), "12,345");
  EXPECT_EQ(two_digits(std::nan("")), "nan");
}

TEST(Grouped, SeparatesThousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(1204331), "1,204,331");
  EXPECT_EQ(counted(1, "task"), "1 task");
  EXPECT_EQ(counted(0, "task"), "0 tasks");
  EXPECT_EQ(counted(1204, "process"), "1,204 processes");
  EXPECT_EQ(counted(3, "raw directory"), "3 raw directories");
  EXPECT_EQ(counted(2, "day"), "2 days");
}

TEST(TerminalText, LeavesNothingThatATerminalObeys) {
  EXPECT_EQ(terminal_text("\x1b[31mred\x1b]0;title\a!"), "red!");
  EXPECT_EQ(terminal_text("a\r\n\tb\x07\x7f"), "a   b\uFFFD\uFFFD");
  EXPECT_EQ(terminal_text("\u009B[2J\x9B"), "\uFFFD[2J\uFFFD");
  EXPECT_EQ(terminal_text("\u202Eexe.fdp\u2066\u200F\u2028\u061C"),
            "\uFFFDexe.fdp\uFFFD\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(terminal_text("é 你 👩\u200D🔬"), "é 你 👩\u200D🔬");
  EXPECT_EQ(terminal_lines("  a\tb\n  ^\x1b[2J\r"), "  a\tb\n  ^ ");
}

TEST(JsonQuoted, EscapesWhatATerminalObeysAndLosesNothing) {
  EXPECT_EQ(json_quoted("\x1b[2J\x7f\u009B\u202E\u2029é"),
            "\"\\u001b[2J\\u007f\\u009b\\u202e\\u2029é\"");
  const std::string text = "\u0085\u2067a\n\x01";
  EXPECT_EQ(Json::parse(json_quoted(text))->text(), text);
}

TEST(Utf8, RefusesWhatIsNone) {
  EXPECT_EQ(utf8_length("a"), 1u);
  EXPECT_EQ(utf8_length("é"), 2u);
  EXPECT_EQ(utf8_length("\xC0\xAF"), 0u);      // overlong
  EXPECT_EQ(utf8_length("\xED\xA0\x80"), 0u);  // surrogate
  EXPECT_EQ(utf8_length("\xE2\x82"), 0u);      // torn
  EXPECT_EQ(display_width("日本"), 4u);
  EXPECT_EQ(display_width("e\xCC\x81"), 1u);
}

TEST(Json, ReadsWhatItWrites) {
  for (const char* text : {R"({"a":[1,-2.5,true,null,"x"],"b":{"c":{}}})", "[]", "\"\\u00e9\"",
                           "0.1", "9007199254740993", R"("\ud83d\ude00")"}) {
    const Result<Json> json = Json::parse(text);
    ASSERT_TRUE(json.ok()) << text;
    const Result<Json> again = Json::parse(json->dump());
    ASSERT_TRUE(again.ok()) << json->dump();
    EXPECT_EQ(*json, *again);
    EXPECT_EQ(Json::parse(json->dump_pretty())->dump(), json->dump());
  }
  EXPECT_EQ(Json::parse("9007199254740993")->dump(), "9007199254740993");
  EXPECT_EQ(Json::parse("-170141183460469231731687303715884105729")->dump(),
            "-170141183460469231731687303715884105729");
  EXPECT_EQ(Json::parse("18446744073709551616")->number(), 18446744073709551616.0);
  EXPECT_EQ(Json(std::numeric_limits<double>::infinity()).dump(), "null");
}

TEST(Json, RefusesWhatIsNone) {
  for (const char* text :
       {"", "{", "[1,]", "{\"a\" 1}", "\"open", "tru", "1 2", "\"\\x\"", "--1", "{1:2}"}) {
    EXPECT_FALSE(Json::parse(text).ok()) << text;
  }
  EXPECT_FALSE(Json::parse(std::string(100'000, '[')).ok());
}

TEST(NearestNames, AreTheMistypedOnes) {
  const std::vector<std::string> known{"loss", "val_loss", "accuracy", "lr"};
  EXPECT_EQ(nearest_names("los", known), (std::vector<std::string>{"loss", "val_loss"}));
  EXPECT_EQ(nearest_names("acuracy", known), (std::vector<std::string>{"accuracy"}));
  EXPECT_EQ(nearest_names("LR", known), (std::vector<std::string>{"lr"}));
  EXPECT_TRUE(nearest_names("temperature", known).empty());
  EXPECT_EQ(edit_distance("teh", "the"), 1u);
  EXPECT_EQ(did_you_mean({"a", "b", "c"}), "; did you mean a, b or c?");
  EXPECT_EQ(listed({"a", "b", "c"}, 2), "a, b and 1 more");
}

}  // namespace
}  // namespace headrace::query

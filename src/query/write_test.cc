#include "query/write.h"

#include <gtest/gtest.h>
#include <limits>

#include "query/table_builder.h"

namespace headrace::query {
namespace {

// One column of text.
ResultTable texts(const std::vector<std::string>& values) {
  TableBuilder table({{"text", ColumnKind::kText, ""}});
  for (const std::string& value : values) table.text(value).end_row();
  return table.finish();
}

template <typename Write>
std::string written(const Write& write) {
  std::string out;
  const Result<Written> done = write([&out](std::string_view piece) {
    out += piece;
    return Status();
  });
  EXPECT_TRUE(done.ok()) << done.status().message();
  return out;
}
std::string csv(ResultTable table, uint64_t limit = 0) {
  return written([&](const Sink& sink) { return write_csv(table, limit, sink); });
}
std::string json(ResultTable table) {
  return written([&](const Sink& sink) { return write_json(table, 0, sink); });
}
std::string shown(ResultTable table, uint64_t limit = 0) {
  TableStyle style;
  style.limit = limit;
  return written([&](const Sink& sink) { return write_table(table, style, sink); });
}

ResultTable numbers() {
  TableBuilder table({{"n", ColumnKind::kInteger, ""},
                      {"x", ColumnKind::kReal, ""},
                      {"energy", ColumnKind::kReal, "J"},
                      {"ok", ColumnKind::kBool, ""},
                      {"at", ColumnKind::kTime, ""},
                      {"tags", ColumnKind::kJson, ""}});
  table.integer(9007199254740993).real(0.1).real(12431).boolean(true);
  table.integer(1'700'000'000'123'456'789).text(R"({"keep":true,"paper":"draft"})").end_row();
  table.integer(-1).real(std::numeric_limits<double>::quiet_NaN()).end_row();
  return table.finish();
}

TEST(WriteCsv, QuotesWhatNeedsIt) {
  EXPECT_EQ(csv(texts({"plain", "a,b", "say \"x\"", "two\nlines", ""})),
            "text\nplain\n\"a,b\"\n\"say \"\"x\"\"\"\n\"two\nlines\"\n\"\"\n");
}

TEST(WriteCsv, FormulasAreDefusedAndNumbersLeftAlone) {
  EXPECT_EQ(csv(texts({"=1+1", "+cmd", "-x", "@sum", "\tx", "-5", "+2.5e3"})),
            "text\n'=1+1\n'+cmd\n'-x\n'@sum\n'\tx\n-5\n+2.5e3\n");
  EXPECT_EQ(csv(texts({"\n=1", "\uFF1D1", "\uFF20x"})), "text\n\"'\n=1\"\n'\uFF1D1\n'\uFF20x\n");
}

TEST(WriteCsv, NullIsEmptyAndNumbersAreExact) {
  EXPECT_EQ(csv(numbers()),
            "n,x,energy,ok,at,tags\n"
            "9007199254740993,0.1,12431,true,2023-11-14T22:13:20.123456789Z,"
            "\"{\"\"keep\"\":true,\"\"paper\"\":\"\"draft\"\"}\"\n"
            "-1,nan,,,,\n");
}

TEST(WriteJson, KeepsDigitsAndNestsJson) {
  EXPECT_EQ(
      json(numbers()),
      "[\n{\"n\":9007199254740993,\"x\":0.1,\"energy\":12431,\"ok\":true,"
      "\"at\":\"2023-11-14T22:13:20.123456789Z\",\"tags\":{\"keep\":true,\"paper\":\"draft\"}},\n"
      "{\"n\":-1,\"x\":{\"$float\":\"nan\"},\"energy\":null,\"ok\":null,\"at\":null,\"tags\":null}"
      "\n]\n");
  EXPECT_EQ(json(texts({})), "[]\n");
  EXPECT_EQ(json(texts({"a\"\n\x01\xFF"})), "[\n{\"text\":\"a\\\"\\n\\u0001\xEF\xBF\xBD\"}\n]\n");
}

TEST(WriteTable, AlignsAndGivesUnits) {
  EXPECT_EQ(shown(numbers()),
            "               n    x   energy  ok    at                       tags\n"
            "9007199254740993  0.1  12.4 kJ  true  2023-11-14 22:13:20.123  keep paper=draft\n"
            "              -1  nan        -  -     -                        -\n");
}

TEST(WriteTable, TakesEscapeSequencesOutOfCapturedText) {
  EXPECT_EQ(shown(texts({"\x1b[31mred\x1b[0m \x1b]0;title\aend\rx",
                         "\xC2\x9B"
                         "31m"})),
            "text\nred end x\n\xEF\xBF\xBD"
            "31m\n");
}

TEST(WriteTable, LimitCountsTheRest) {
  TableBuilder builder({{"n", ColumnKind::kInteger, ""}});
  for (int i = 0; i < 100; ++i) builder.integer(i).end_row();
  ResultTable table = builder.finish();
  TableStyle style;
  style.limit = 3;
  const Result<Written> done = write_table(table, style, [](std::string_view) { return Status(); });
  ASSERT_TRUE(done.ok());
  EXPECT_EQ(done->rows, 100u);
  EXPECT_EQ(done->shown, 3u);
}

TEST(WriteTable, LongCellsSayThatTheyAreCut) {
  ResultTable table = texts({std::string(100, 'x')});
  std::string out;
  const Result<Written> done = write_table(table, {}, [&out](std::string_view piece) {
    out += piece;
    return Status();
  });
  ASSERT_TRUE(done.ok());
  EXPECT_TRUE(done->cut_cells);
  EXPECT_NE(out.find("x…\n"), std::string::npos);
}

TEST(ShortIds, AreTheFirstDigitsWhereTheyDiffer) {
  EXPECT_EQ(short_ids({"aaaaaaaa-1111", "bbbbbbbb-1111"}),
            (std::vector<std::string>{"aaaaaaaa", "bbbbbbbb"}));
  EXPECT_EQ(
      short_ids({"aaaaaaaa-1111-8111-8111-000000000001", "aaaaaaaa-1111-8111-8111-000000000102"}),
      (std::vector<std::string>{"aaaaaaaa..0001", "aaaaaaaa..0102"}));
  EXPECT_EQ(
      short_ids({"aaaaaaaa-1111-8111-8111-000000010001", "aaaaaaaa-1111-8111-8111-000000020001"}),
      (std::vector<std::string>{"aaaaaaaa..10001", "aaaaaaaa..20001"}));
}

}  // namespace
}  // namespace headrace::query

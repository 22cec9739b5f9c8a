#include "exchange/mlflow_meta.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace::exchange {
namespace {

using testing::HasSubstr;

std::string text_of(const std::string& yaml, const char* name) {
  const Result<MlflowMeta> meta = parse_meta(yaml);
  EXPECT_TRUE(meta.ok()) << meta.status().message();
  return meta.ok() ? meta->text(name) : "";
}

// What PyYAML's safe_dump writes of each value.
TEST(MlflowMeta, ScalarsInTheirQuotes) {
  EXPECT_EQ(text_of("name: wine\n", "name"), "wine");
  EXPECT_EQ(text_of("name: 'wine: a ''b'''\n", "name"), "wine: a 'b'");
  EXPECT_EQ(text_of("name: \"tab\\there \\u2028 \\x1B \\U0001F377\"\n", "name"),
            "tab\there \xe2\x80\xa8 \x1b \xf0\x9f\x8d\xb7");
  EXPECT_EQ(text_of("name: ''\n", "name"), "");
  EXPECT_EQ(text_of("name: null\n", "name"), "");
  EXPECT_EQ(text_of("uri: file:///a b/c#d\n", "uri"), "file:///a b/c#d");
}

TEST(MlflowMeta, LongTextsGoOnInIndentedLines) {
  EXPECT_EQ(text_of("schema: '{\"a\": 1,\n  \"b\": 2}'\nname: x\n", "schema"),
            "{\"a\": 1, \"b\": 2}");
  EXPECT_EQ(text_of("name: 'one\n\n  two'\n", "name"), "one\ntwo");
  EXPECT_EQ(text_of("name: \"one\\\n  \\ two\"\n", "name"), "one two");
}

TEST(MlflowMeta, IntegersAndWhatIsNone) {
  const Result<MlflowMeta> meta =
      parse_meta("end_time: null\nstart_time: 1795368782692\nstatus: RUNNING\n");
  ASSERT_TRUE(meta.ok());
  EXPECT_EQ(meta->integer("start_time"), 1795368782692);
  EXPECT_EQ(meta->integer("end_time"), std::nullopt);
  EXPECT_EQ(meta->integer("status"), std::nullopt);
  EXPECT_TRUE(meta->has("end_time"));
  EXPECT_FALSE(meta->has("name"));
}

TEST(MlflowMeta, ListsAndMapsKeepTheirLines) {
  const std::string yaml =
      "tags:\n  mlflow.data.context: training\naliases: {}\nnames:\n- a\n- b\nend: 1\n";
  EXPECT_EQ(text_of(yaml, "tags"), "  mlflow.data.context: training\n");
  EXPECT_EQ(text_of(yaml, "names"), "- a\n- b\n");
  EXPECT_EQ(text_of(yaml, "end"), "1");
}

TEST(MlflowMeta, WhatIsNotUnderstoodIsSaidWithItsLine) {
  for (const char* yaml :
       {"name: wine\nfile: !!python/object:os.system x\n", "name: wine\nfile: &anchor x\n",
        "name: wine\nfile: 'open\n", "name: wine\n\"file\": x\n", "name: wine\nfile\n",
        "name: wine\nfile: \"\\q\"\n", "name: wine\nfile: |\n  x\n"}) {
    const Result<MlflowMeta> meta = parse_meta(yaml);
    ASSERT_FALSE(meta.ok()) << yaml;
    EXPECT_EQ(meta.status().code(), StatusCode::kCorrupt);
    EXPECT_THAT(meta.status().message(), HasSubstr("line 2")) << yaml;
  }
  EXPECT_FALSE(parse_meta("  goes on\n").ok());
}

}  // namespace
}  // namespace headrace::exchange

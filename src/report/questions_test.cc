#include "report/questions.h"

#include "gtest/gtest.h"

namespace headrace::report {
namespace {

TEST(Questions, ShellWordsAreQuotedWhereTheyMustBe) {
  EXPECT_EQ(shell_word("llm_finetune"), "llm_finetune");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("it's; rm"), "'it'\\''s; rm'");
  EXPECT_EQ(shell_word(""), "''");
}

TEST(Questions, NameTheCampaignAndWhatWasCompared) {
  const std::string all = questions_json({"a 'b'", "", "val loss", true, "train", "id-1"}).dump();
  EXPECT_NE(
      all.find(
          "headrace tradeoff 'a '\\\\''b'\\\\''' --cost energy --quality 'val loss' --minimise"),
      std::string::npos)
      << all;
  EXPECT_NE(all.find("campaign = 'a ''b'''"), std::string::npos) << all;
  EXPECT_NE(all.find("headrace why id-1"), std::string::npos);
  const std::string none = questions_json({"c", "", "", false, "", ""}).dump();
  EXPECT_EQ(none.find("tradeoff"), std::string::npos);
  EXPECT_EQ(none.find("why"), std::string::npos);
  const std::string one = questions_json({"train", "id-2", "", false, "", ""}).dump();
  EXPECT_NE(one.find("headrace ls tasks workflow:id-2"), std::string::npos) << one;
  EXPECT_NE(one.find("workflow_id = 'id-2'"), std::string::npos);
  EXPECT_EQ(one.find("campaign"), std::string::npos);
}

}  // namespace
}  // namespace headrace::report

#include "report/markdown.h"

#include "gtest/gtest.h"

namespace headrace::report {
namespace {

TEST(Markdown, TextReadsAsItselfAndAsNothingElse) {
  EXPECT_EQ(markdown_text("val_loss 0.3 (a+b) {c}! -1."), "val_loss 0.3 (a+b) {c}! -1.");
  EXPECT_EQ(markdown_text("**b** _i_ `c` ~s~"), "\\*\\*b\\*\\* \\_i\\_ \\`c\\` \\~s\\~");
  EXPECT_EQ(markdown_text("[x](javascript:alert(1))"), "\\[x\\](javascript:alert(1))");
  EXPECT_EQ(markdown_text("![x](http://e.org/p.png)"), "!\\[x\\](http\\://e.org/p.png)");
  EXPECT_EQ(markdown_text("<script>a&b</script>"), "&lt;script&gt;a&amp;b&lt;/script&gt;");
  EXPECT_EQ(markdown_text("www.e.org me@e.org #12 $x$"), "www\\.e.org me\\@e.org \\#12 \\$x\\$");
  EXPECT_EQ(markdown_text("a|b\nc\td\\"), "a\\|b c d\\\\");
  EXPECT_EQ(markdown_text("red \x1b[31mred\x1b[0m"), "red red");
}

TEST(Markdown, CodeHoldsAnyBackticks) {
  EXPECT_EQ(markdown_code("ls -l"), "`ls -l`");
  EXPECT_EQ(markdown_code("a `b` c"), "``a `b` c``");
  EXPECT_EQ(markdown_code("`b"), "`` `b ``");
  EXPECT_EQ(markdown_code("a|b\nc"), "`a\\|b c`");
  EXPECT_EQ(markdown_code(""), "");
}

TEST(Markdown, ABlockCannotBeEnded) {
  EXPECT_EQ(markdown_block("a\nb"), "```text\na\nb\n```\n\n");
  EXPECT_EQ(markdown_block("````\n# x"), "`````text\n````\n# x\n`````\n\n");
}

TEST(Markdown, TablesAlignNumbersAndVanishWithoutRows) {
  MarkdownTable table({"name", ">count"});
  EXPECT_EQ(table.text(), "");
  table.row({markdown_text("a|b"), "3"});
  EXPECT_EQ(table.text(), "| name | count |\n|---|---:|\n| a\\|b | 3 |\n\n");
}

}  // namespace
}  // namespace headrace::report

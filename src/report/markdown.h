// Text as CommonMark with GitHub's tables, whatever bytes a program captured.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace headrace::report {

// One line that reads as `text` and as nothing else: no markup, link, image, HTML, mention or math.
// Escape sequences are taken out, line breaks become spaces.
std::string markdown_text(std::string_view text);
// The same in the typeface of code, where it may stand in a table too.
std::string markdown_code(std::string_view text);
// Lines as they are, in a fence that they cannot end.
std::string markdown_block(std::string_view text);

class MarkdownTable {
 public:
  // A name that begins with '>' is that of a column of numbers, to the right.
  explicit MarkdownTable(const std::vector<std::string>& names);
  // Cells as Markdown, as many as names.
  void row(const std::vector<std::string>& cells);
  // With an empty line behind it; "" without a row.
  std::string text() const { return rows_ == 0 ? "" : text_ + "\n"; }

 private:
  std::string text_;
  size_t rows_ = 0;
};

}  // namespace headrace::report

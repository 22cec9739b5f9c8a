#include "report/markdown.h"

#include <algorithm>
#include <cctype>

#include "query/utf8.h"

namespace headrace::report {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || (c & 0x80) != 0; }

size_t longest_run(std::string_view text, char of) {
  size_t longest = 0;
  size_t run = 0;
  for (const char c : text) longest = std::max(longest, run = c == of ? run + 1 : 0);
  return longest;
}

}  // namespace

std::string markdown_text(std::string_view raw) {
  const std::string text = query::terminal_text(raw);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char before = i == 0 ? ' ' : text[i - 1];
    const char after = i + 1 == text.size() ? ' ' : text[i + 1];
    switch (c) {
      case '<': out += "&lt;"; continue;
      case '>': out += "&gt;"; continue;
      case '&': out += "&amp;"; continue;
      case '\\':
      case '`':
      case '*':
      case '[':
      case ']':
      case '|':
      case '~':
      case '$':
      case '@': out += '\\'; break;
      // Inside a word it stands for itself: val_loss.
      case '_':
        if (!is_word(before) || !is_word(after)) out += '\\';
        break;
      // What makes an address a link without any brackets.
      case ':':
        if (after == '/') out += '\\';
        break;
      case '.':
        if (i >= 3 && (text.compare(i - 3, 3, "www") == 0 || text.compare(i - 3, 3, "WWW") == 0)) {
          out += '\\';
        }
        break;
      // GitHub's issues and, at the start of a line, headings.
      case '#': out += '\\'; break;
      default: break;
    }
    out += c;
  }
  return out;
}

std::string markdown_code(std::string_view raw) {
  std::string text = query::terminal_text(raw);
  if (text.empty()) return "";
  const std::string fence(longest_run(text, '`') + 1, '`');
  // A table's cells end at any bar, in code too, unless it is escaped.
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  const bool padded = text.front() == '`' || text.back() == '`';
  return fence + (padded ? " " : "") + escaped + (padded ? " " : "") + fence;
}

std::string markdown_block(std::string_view raw) {
  std::string text;
  for (size_t at = 0; at <= raw.size();) {
    const size_t end = std::min(raw.find('\n', at), raw.size());
    text += query::terminal_text(raw.substr(at, end - at)) + "\n";
    at = end + 1;
  }
  while (text.ends_with("\n\n")) text.pop_back();
  const std::string fence(std::max<size_t>(3, longest_run(text, '`') + 1), '`');
  return fence + "text\n" + text + fence + "\n\n";
}

MarkdownTable::MarkdownTable(const std::vector<std::string>& names) {
  std::string line = "|";
  for (const std::string& name : names) {
    const bool is_number = name.starts_with('>');
    text_ += (text_.empty() ? "| " : " | ") + (is_number ? name.substr(1) : name);
    line += is_number ? "---:|" : "---|";
  }
  text_ += " |\n" + line + "\n";
}

void MarkdownTable::row(const std::vector<std::string>& cells) {
  ++rows_;
  text_ += '|';
  for (const std::string& cell : cells) text_ += " " + cell + " |";
  text_ += '\n';
}

}  // namespace headrace::report

#include "top/cells.h"

#include <algorithm>

#include "query/utf8.h"

namespace headrace::top {
namespace {

// Characters that show nothing and change how others stand: joiners, marks and turns of direction,
// byte order marks, tags.
bool is_invisible(std::string_view c) {
  return (c >= "\u200b" && c <= "\u200f") || (c >= "\u202a" && c <= "\u202e") ||
         (c >= "\u2060" && c <= "\u206f") || c == "\ufeff" || c == "\u00ad" ||
         (c >= "\u2028" && c <= "\u2029") || (c >= "\U000e0000" && c <= "\U000e0fff");
}

constexpr size_t kMostMarks = 8;  // bytes of them on one character

}  // namespace

Cells::Cells(int columns, int rows)
    : columns_(columns),
      rows_(rows),
      cells_(static_cast<size_t>(columns) * static_cast<size_t>(rows)) {}

Cell& Cells::cell(int row, int column) {
  return cells_[static_cast<size_t>(row) * static_cast<size_t>(columns_) +
                static_cast<size_t>(column)];
}

const Cell& Cells::at(int row, int column) const {
  return cells_[static_cast<size_t>(row) * static_cast<size_t>(columns_) +
                static_cast<size_t>(column)];
}

int Cells::put(int row, int column, std::string_view text, Style style, int width) {
  width = std::min(width, columns_ - column);
  if (row < 0 || row >= rows_ || column < 0 || width <= 0) return 0;
  // What is far too long is not looked through to its end.
  const std::string safe =
      query::terminal_text(text.substr(0, 64 * static_cast<size_t>(width) + 256));
  int at = column;
  const int end = column + width;
  int last = -1;  // where the last character begins
  for (size_t i = 0; i < safe.size();) {
    const size_t length = std::max<size_t>(1, query::utf8_length(std::string_view(safe).substr(i)));
    const std::string_view c = std::string_view(safe).substr(i, length);
    i += length;
    if (is_invisible(c)) continue;
    const int takes = static_cast<int>(query::display_width(c));
    if (takes == 0) {
      if (last >= 0 && cell(row, last).text.size() + length <= kMostMarks) {
        cell(row, last).text += c;
      }
      continue;
    }
    if (at + takes > end) {
      // The last columns become the sign that there is more.
      int mark = std::min(at, end - 1);
      if (mark > column && cell(row, mark).text.empty()) --mark;
      for (int rest = mark; rest < end; ++rest) cell(row, rest) = {" ", style};
      cell(row, mark).text = "…";
      return end - column;
    }
    last = at;
    cell(row, at) = {std::string(c), style};
    for (int behind = 1; behind < takes; ++behind) cell(row, at + behind) = {"", style};
    at += takes;
  }
  return at - column;
}

void Cells::put_right(int row, int column, std::string_view text, Style style, int width) {
  const int takes = static_cast<int>(query::display_width(text));
  put(row, column + std::max(0, width - takes), text, style, std::min(width, takes));
}

void Cells::restyle(int row, int column, int width, Style style) {
  if (row < 0 || row >= rows_) return;
  for (int c = column; c < std::min(column + width, columns_); ++c) cell(row, c).style = style;
}

std::string Cells::text(bool plain) const { return printed(*this, {false, plain}); }

}  // namespace headrace::top

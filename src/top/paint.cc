// Cells as the bytes that a terminal understands: ECMA-48's cursor positions and colours.
#include <array>
#include <string_view>
#include <utility>

#include "query/utf8.h"
#include "top/cells.h"

namespace headrace::top {
namespace {

std::string sgr(Style style, const PaintOptions& options) {
  std::string out = "\x1b[0";
  if (style.is_reversed) out += ";7";
  if (style.is_underlined) out += ";4";
  if (style.ink == Ink::kStrong) out += ";1";
  if (options.color) {
    switch (style.ink) {
      case Ink::kPlain:
      case Ink::kStrong: break;
      case Ink::kFaint: out += ";90"; break;
      case Ink::kAccent: out += ";1;36"; break;
      case Ink::kRunning: out += ";34"; break;
      case Ink::kFinished: out += ";32"; break;
      case Ink::kFailed: out += ";1;31"; break;
      case Ink::kLost: out += ";33"; break;
      case Ink::kCancelled: out += ";35"; break;
    }
  } else if (style.ink == Ink::kAccent || style.ink == Ink::kFailed) {
    out += ";1";
  }
  return out + "m";
}

std::string shown(const Cell& cell, const PaintOptions& options) {
  return options.ascii ? ascii_of(cell.text) : cell.text;
}

}  // namespace

std::string ascii_of(const std::string& character) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 27> kKnown{
      {{"●", "*"}, {"◐", "o"}, {"○", "o"}, {"✓", "+"}, {"✕", "x"}, {"⊘", "-"}, {"·", "-"},
       {"›", ">"}, {"≈", "~"}, {"…", "~"}, {"×", "x"}, {"µ", "u"}, {"▲", "!"}, {"─", "-"},
       {"│", "|"}, {"▁", "."}, {"▂", "."}, {"▃", ":"}, {"▄", ":"}, {"▅", "+"}, {"▆", "+"},
       {"▇", "#"}, {"█", "#"}, {"↓", "v"}, {"↑", "^"}, {"←", "<"}, {"→", ">"}}};
  if (character.empty()) return "";
  if (static_cast<unsigned char>(character[0]) < 0x80) return character.substr(0, 1);
  for (const auto& [sign, letter] : kKnown) {
    if (character == sign) return std::string(letter);
  }
  return std::string(query::display_width(character), '?');
}

std::string paint(const Cells& before, const Cells& after, const PaintOptions& options) {
  const bool anew = before.columns() != after.columns() || before.rows() != after.rows();
  std::string out = anew ? "\x1b[0m\x1b[2J" : "";
  Style style{};
  bool is_styled = false;
  for (int row = 0; row < after.rows(); ++row) {
    int at = -1;  // where the cursor stands in this row
    for (int column = 0; column < after.columns(); ++column) {
      const Cell& cell = after.at(row, column);
      if (cell.text.empty()) continue;  // the wide character before it covers it
      const bool is_wide = column + 1 < after.columns() && after.at(row, column + 1).text.empty();
      const bool same = !anew && before.at(row, column) == cell &&
                        (!is_wide || before.at(row, column + 1).text.empty());
      if (same) continue;
      if (at != column) {
        out += "\x1b[" + std::to_string(row + 1) + ";" + std::to_string(column + 1) + "H";
      }
      if (!is_styled || style != cell.style) out += sgr(cell.style, options);
      style = cell.style;
      is_styled = true;
      out += shown(cell, options);
      // How wide a terminal takes a character of more than one byte is its own affair.
      at = cell.text.size() == 1 ? column + 1 : -1;
    }
  }
  if (is_styled) out += "\x1b[0m";
  return out;
}

std::string printed(const Cells& cells, const PaintOptions& options) {
  std::string out;
  for (int row = 0; row < cells.rows(); ++row) {
    int end = cells.columns();
    while (end > 0 && cells.at(row, end - 1) == Cell{}) --end;
    Style style{};
    for (int column = 0; column < end; ++column) {
      const Cell& cell = cells.at(row, column);
      if (options.color && style != cell.style) out += sgr(cell.style, options);
      style = cell.style;
      out += shown(cell, options);
    }
    if (options.color && style != Style{}) out += "\x1b[0m";
    while (!options.color && !out.empty() && out.back() == ' ') out.pop_back();
    out += '\n';
  }
  return out;
}

}  // namespace headrace::top

// A frame: what each column of each row shows. Two frames apart give the bytes that turn one into
// the other on a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::top {

// Of the terminal's own sixteen colours, so that it fits the person's choice of them.
enum class Ink : uint8_t {
  kPlain,
  kFaint,
  kStrong,
  kAccent,
  kRunning,
  kFinished,
  kFailed,
  kLost,
  kCancelled
};

struct Style {
  Ink ink = Ink::kPlain;
  bool is_reversed = false;
  bool is_underlined = false;
  bool operator==(const Style&) const = default;
};

struct Cell {
  std::string text = " ";  // a character with its combining marks; "" behind a wide one
  Style style{};
  bool operator==(const Cell&) const = default;
};

class Cells {
 public:
  Cells() = default;
  Cells(int columns, int rows);
  int columns() const { return columns_; }
  int rows() const { return rows_; }
  const Cell& at(int row, int column) const;

  // Puts text from a column on, at most `width` columns of it; what is longer ends in "…". Whatever
  // was captured may be put: escape sequences, control characters and those that turn the direction
  // of writing never come through. Returns the columns taken.
  int put(int row, int column, std::string_view text, Style style, int width);
  // The same, ending at `width` columns behind `column`.
  void put_right(int row, int column, std::string_view text, Style style, int width);
  // Gives what stands in a row's columns another style.
  void restyle(int row, int column, int width, Style style);

  // Row by row, blanks at the ends left out. `plain`: in ASCII alone.
  std::string text(bool plain) const;

 private:
  Cell& cell(int row, int column);
  int columns_ = 0;
  int rows_ = 0;
  std::vector<Cell> cells_;
};

struct PaintOptions {
  bool color = true;
  bool ascii = false;  // the terminal knows no UTF-8
};

// What turns `before` into `after`; all of it when they differ in size.
std::string paint(const Cells& before, const Cells& after, const PaintOptions& options);
// Lines of text, with colours where asked.
std::string printed(const Cells& cells, const PaintOptions& options);

// A character as ASCII shows it, as wide as it was: ● as *, what is not known as ?.
std::string ascii_of(const std::string& character);

}  // namespace headrace::top

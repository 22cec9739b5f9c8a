// Which part of the screen shows what.
#pragma once

#include <array>
#include <cstddef>

#include "top/panes.h"

namespace headrace::top {

constexpr int kLeastColumns = 80;
constexpr int kLeastRows = 24;
// From here on panes stand in two columns.
constexpr int kWideColumns = 160;
constexpr int kHeadRows = 4;

struct Place {
  int row = 0;  // of the pane's head, which its rows follow
  int column = 0;
  int columns = 0;
  int rows = 0;  // without the head
};

struct Layout {
  bool fits = true;  // 80 x 24 at least
  std::array<Place, kPanes.size()> panes{};
  int foot_row = 0;
};

// `wanted`: how many rows each pane has. Each gets what it wants as far as there is room; the one
// that has the focus more than others.
Layout lay_out(int columns, int rows, const std::array<size_t, kPanes.size()>& wanted, Pane focus);

}  // namespace headrace::top

// Columns of a list: which fit, and how wide.
#pragma once

#include <string>
#include <vector>

#include "top/cells.h"

namespace headrace::top {

struct Column {
  std::string head;
  int width = 0;  // 0: takes what the others leave, `least` at least
  bool is_number = false;
  int rank = 0;  // where there is no room, the highest goes first; 0: stays
  int least = 0;
};

// Of each column; 0 for those that do not fit. Between columns lies one blank.
std::vector<int> fitted(const std::vector<Column>& columns, int room);

struct Field {
  std::string text;
  Ink ink = Ink::kPlain;
};
// One row of the table.
void put_row(Cells& cells, int row, int column, const std::vector<Column>& columns,
             const std::vector<int>& widths, const std::vector<Field>& fields);

}  // namespace headrace::top

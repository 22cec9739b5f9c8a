#include "top/table.h"

#include <algorithm>

namespace headrace::top {

std::vector<int> fitted(const std::vector<Column>& columns, int room) {
  std::vector<int> widths;
  for (const Column& column : columns) {
    widths.push_back(column.width > 0 ? column.width : std::max(column.least, 1));
  }
  const auto taken = [&widths] {
    int sum = 0;
    for (const int width : widths) sum += width > 0 ? width + 1 : 0;
    return sum - 1;
  };
  while (taken() > room) {
    int worst = -1;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (widths[i] == 0 || columns[i].rank == 0) continue;
      if (worst < 0 || columns[i].rank > columns[static_cast<size_t>(worst)].rank) {
        worst = static_cast<int>(i);
      }
    }
    if (worst < 0) break;
    widths[static_cast<size_t>(worst)] = 0;
  }
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].width == 0 && widths[i] > 0) {
      widths[i] = std::max(1, widths[i] + room - taken());
      break;
    }
  }
  return widths;
}

void put_row(Cells& cells, int row, int column, const std::vector<Column>& columns,
             const std::vector<int>& widths, const std::vector<Field>& fields) {
  int at = column;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (widths[i] == 0) continue;
    const Style style{fields[i].ink};
    if (columns[i].is_number) {
      cells.put_right(row, at, fields[i].text, style, widths[i]);
    } else {
      cells.put(row, at, fields[i].text, style, widths[i]);
    }
    at += widths[i] + 1;
  }
}

}  // namespace headrace::top

#include "top/layout.h"

#include <algorithm>
#include <vector>

namespace headrace::top {
namespace {

// Panes one under the other, a blank row between them as long as there is room for it.
void stack(const std::vector<Pane>& panes, int first_row, int rows, int column, int columns,
           const std::array<size_t, kPanes.size()>& wanted, Pane focus, Layout* out) {
  const int count = static_cast<int>(panes.size());
  const bool is_airy = rows >= count * 6;
  int left = rows - count - (is_airy ? count - 1 : 0);
  std::vector<int> given(panes.size(), 0);
  // Row by row to the one that has least of its share.
  while (left > 0) {
    int best = -1;
    double least = 0;
    for (int i = 0; i < count; ++i) {
      const size_t at = static_cast<size_t>(i);
      const auto wants = std::max<size_t>(1, wanted.at(index_of(panes[at])));
      if (static_cast<size_t>(given[at]) >= wants) continue;
      const double share = given[at] / (panes[at] == focus ? 2.0 : 1.0);
      if (best < 0 || share < least) {
        best = i;
        least = share;
      }
    }
    if (best < 0) break;
    ++given[static_cast<size_t>(best)];
    --left;
  }
  int row = first_row;
  for (size_t i = 0; i < panes.size(); ++i) {
    out->panes.at(index_of(panes[i])) = {row, column, columns, given[i]};
    row += given[i] + 1 + (is_airy ? 1 : 0);
  }
}

}  // namespace

Layout lay_out(int columns, int rows, const std::array<size_t, kPanes.size()>& wanted, Pane focus) {
  Layout out;
  out.fits = columns >= kLeastColumns && rows >= kLeastRows;
  out.foot_row = rows - 1;
  if (!out.fits) return out;
  const int room = rows - kHeadRows - 1;
  if (columns < kWideColumns) {
    stack({Pane::kWorkflows, Pane::kRunning, Pane::kTroubles, Pane::kActivities}, kHeadRows, room,
          0, columns, wanted, focus, &out);
    return out;
  }
  const int left = (columns - 2) / 2;
  stack({Pane::kWorkflows, Pane::kActivities}, kHeadRows, room, 0, left, wanted, focus, &out);
  stack({Pane::kRunning, Pane::kTroubles}, kHeadRows, room, left + 2, columns - left - 2, wanted,
        focus, &out);
  return out;
}

}  // namespace headrace::top

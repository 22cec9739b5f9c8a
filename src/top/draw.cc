#include "top/draw.h"

#include <algorithm>

#include "top/draw_head.h"
#include "top/draw_panes.h"
#include "top/layout.h"

namespace headrace::top {
namespace {

void draw_foot(Cells& cells, int row, const View& view, const Surroundings& around) {
  const int room = cells.columns() - 2;
  if (view.typed) {
    const int taken = cells.put(row, 1, "/" + *view.typed, {Ink::kStrong}, room - 28);
    cells.put(row, 1 + taken, " ", {Ink::kPlain, true}, 1);
    cells.put(row, 4 + taken, "Enter applies  Esc leaves", {Ink::kFaint}, room - taken - 4);
    return;
  }
  if (!around.notice.empty()) {
    cells.put(row, 1, around.notice, {Ink::kStrong}, room);
    return;
  }
  if (view.page) {
    cells.put(row, 1, "↑ ↓ PgUp PgDn g G  Esc back", {Ink::kFaint}, room);
    return;
  }
  int at = 1;
  if (!view.filter.empty()) {
    at += cells.put(row, at, "/" + view.filter, {Ink::kAccent}, room / 2);
    at += cells.put(row, at + 2, "Esc clears", {Ink::kFaint}, room - at) + 4;
  }
  cells.put(row, at, "? help  / filter  Tab next list  Enter down  Backspace up  s order  q quit",
            {Ink::kFaint}, cells.columns() - at - 1);
}

void draw_page(Cells& cells, const TextPage& page, int rows) {
  cells.put(0, 1, page.title, {Ink::kAccent}, cells.columns() - 2);
  for (int i = 0; i < rows; ++i) {
    const size_t line = page.top + static_cast<size_t>(i);
    if (line >= page.lines.size()) break;
    cells.put(1 + i, 1, page.lines[line], {}, cells.columns() - 2);
  }
  if (page.lines.size() > static_cast<size_t>(rows)) {
    const std::string where =
        std::to_string(page.top + 1) + " of " + std::to_string(page.lines.size()) + " lines";
    cells.put_right(0, cells.columns() - 24, where, {Ink::kFaint}, 23);
  }
}

void draw_empty(Cells& cells, const Picture& picture, const View& view) {
  const bool is_filtered = !view.filter.empty();
  cells.put(6, 3, is_filtered ? "No workflow has been captured here yet." : "Nothing to show yet.",
            {Ink::kStrong}, cells.columns() - 4);
  cells.put(8, 3, "headrace run -- COMMAND captures any program, unchanged; or in Python", {},
            cells.columns() - 4);
  cells.put(9, 3, "import headrace. This view goes on looking, once a second.", {},
            cells.columns() - 4);
  if (picture.scope.kind == Scope::Kind::kEverything) return;
  cells.put(11, 3, "Backspace shows everything in this folder.", {}, cells.columns() - 4);
}

}  // namespace

Cells draw(const Picture& picture, const View& view, const Surroundings& around, int columns,
           int rows) {
  Cells cells(std::max(columns, 1), std::max(rows, 1));
  std::array<size_t, kPanes.size()> wanted{};
  for (const Pane pane : kPanes) wanted.at(index_of(pane)) = rows_of(picture, pane);
  const Layout layout = lay_out(columns, rows, wanted, view.focus);
  if (!layout.fits) {
    cells.put(0, 0,
              "headrace top needs 80 x 24, this is " + std::to_string(columns) + " x " +
                  std::to_string(rows),
              {}, columns);
    cells.put(1, 0, "make the window larger; q ends", {}, columns);
    return cells;
  }
  draw_foot(cells, layout.foot_row, view, around);
  if (view.page) {
    draw_page(cells, *view.page, layout.foot_row - 1);
    return cells;
  }
  draw_head(cells, picture, view, around);
  if (picture.is_empty) {
    draw_empty(cells, picture, view);
    return cells;
  }
  for (const Pane pane : kPanes) {
    draw_pane(cells, layout.panes.at(index_of(pane)), picture, view, pane);
  }
  return cells;
}

}  // namespace headrace::top

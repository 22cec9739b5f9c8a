// The four lists.
#pragma once

#include "top/draw.h"
#include "top/layout.h"

namespace headrace::top {

void draw_pane(Cells& cells, const Place& place, const Picture& picture, const View& view,
               Pane pane);

}  // namespace headrace::top

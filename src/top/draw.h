// A frame.
#pragma once

#include <string>

#include "top/cells.h"
#include "top/picture.h"
#include "top/view.h"

namespace headrace::top {

// What stands at the edge of a frame.
struct Surroundings {
  std::string trouble{};  // why less is shown than there is, or ""
  std::string notice{};   // a word about the last key, or ""
  std::string clock{};    // "2026-11-22 03:40:12 UTC"
};

// `picture` ordered as the view says.
Cells draw(const Picture& picture, const View& view, const Surroundings& around, int columns,
           int rows);

}  // namespace headrace::top

// The lines above the lists.
#pragma once

#include "top/draw.h"

namespace headrace::top {

// kHeadRows lines (layout.h): what is looked at and how it stands; tasks; energy and machine;
// losses, lateness and what telemetry costs.
void draw_head(Cells& cells, const Picture& picture, const View& view, const Surroundings& around);

// "▁▂▅█": each value by the largest; empty when all are 0.
std::string bars(const std::vector<double>& values);

}  // namespace headrace::top

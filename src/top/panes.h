// The four lists of a frame and how their rows can be ordered.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "top/picture.h"

namespace headrace::top {

enum class Pane : uint8_t { kWorkflows, kRunning, kTroubles, kActivities };
inline constexpr std::array kPanes{Pane::kWorkflows, Pane::kRunning, Pane::kTroubles,
                                   Pane::kActivities};
constexpr size_t index_of(Pane pane) { return static_cast<size_t>(pane); }

std::string_view name_of(Pane pane);
size_t rows_of(const Picture& picture, Pane pane);
// What a row stands for, whichever place it has: an id, an activity's name.
const std::string& row_id(const Picture& picture, Pane pane, size_t row);

// By what a pane can be ordered, the usual one first.
const std::vector<std::string_view>& orders_of(Pane pane);
void order(Picture& picture, Pane pane, size_t by);

}  // namespace headrace::top

// What a cell of an answer holds, as a number.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>

#include "query/result_table.h"

namespace headrace::query {

// A count or whole micro-joules; 0 for NULL.
inline int64_t whole_of(const Cell& cell) {
  return cell.is_null ? 0 : static_cast<int64_t>(std::llround(cell.real));
}
inline std::optional<double> real_of(const Cell& cell) {
  return cell.is_null ? std::nullopt : std::optional(cell.real);
}

}  // namespace headrace::query

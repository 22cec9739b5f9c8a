// Which producers must be computed anew.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.h"

namespace headrace::energy {

// What was stored of a producer.
struct Mark {
  uint32_t producer = 0;
  int64_t tasks = 0;
  int64_t open_tasks = 0;
  int64_t samples = 0;
};

// The producers with another mark than at the last computation, and those whose figures hang
// together with theirs: by a task's parent in another producer, or by a node's energy counter over
// the same time. Sorted. Empty when nothing has changed.
// `policy`: how they are to be computed; with another than last time all are.
Result<std::vector<Mark>> changed(const store::Connection& connection, std::string_view policy);

// Notes that these are computed now.
Status set_marks(const store::Connection& connection, const std::vector<Mark>& marks,
                 std::string_view policy);

// "(1, 5, 9)" for use after IN; nothing is in "(NULL)".
std::string in_list(const std::vector<Mark>& marks);

}  // namespace headrace::energy

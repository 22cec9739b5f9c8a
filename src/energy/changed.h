// Which producers must be computed anew.
#pragma once

#include <cstdint>
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
Result<std::vector<Mark>> changed(const store::Connection& connection);

// Notes that these are computed now.
Status set_marks(const store::Connection& connection, const std::vector<Mark>& marks);

// "(1, 5, 9)" for use after IN; nothing is in "(NULL)".
std::string in_list(const std::vector<Mark>& marks);

}  // namespace headrace::energy

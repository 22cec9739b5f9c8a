// Which producers must be computed anew.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "energy/idle_policy.h"
#include "store/database.h"

namespace headrace::energy {

// What was stored of a producer.
struct Mark {
  uint32_t producer = 0;
  int64_t tasks = 0;
  int64_t open_tasks = 0;
  int64_t samples = 0;
  int64_t exposures = 0;
};

// The producers with another mark than at the last computation, and those whose figures hang
// together with theirs: by a task's parent in another producer, or by a node's energy counter over
// the same time. Sorted. Empty when nothing has changed.
// `every`: every producer, because they are to be computed in another way.
Result<std::vector<Mark>> changed(const store::Connection& connection, bool every);

// How the store was computed last.
Result<IdlePolicy> kept_policy(const store::Connection& connection);

// Notes that these are computed now, and how.
Status set_marks(const store::Connection& connection, const std::vector<Mark>& marks,
                 IdlePolicy policy);

// "(1, 5, 9)" for use after IN; nothing is in "(NULL)".
std::string in_list(const std::vector<Mark>& marks);

}  // namespace headrace::energy

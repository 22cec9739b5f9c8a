// What is new since the last look: for a program that watches another one run.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "query/selection.h"

namespace headrace::query {

struct NewTasks {
  ResultTable rows;       // as select() gives them
  int64_t seen_rows = 0;  // for the next look
  bool is_over = false;   // no process writes any more, `own_pid` on `own_host` left aside
};

// Tasks of the selection that ended since `seen_rows` (-1: all), and those that are open now each
// time anew. What was there is told by the order in which it was stored, so that a task which comes
// late from another machine is new when it comes. After a removal of tasks some may come again.
Result<NewTasks> new_tasks(const Session& session, const Selection& selection, int64_t seen_rows,
                           const std::string& own_host, int64_t own_pid);

}  // namespace headrace::query

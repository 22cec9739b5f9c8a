// What is new since the last look: for a program that watches another one run.
//
//   std::string mark;                                   // before the first look
//   Result<NewTasks> look = new_tasks(session, selection, mark, host, pid);
//   mark = look->mark;
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "query/selection.h"

namespace headrace::query {

struct NewTasks {
  // Tasks that may be new, as select() gives them; of all that pass the filter only the column
  // task_id where `is_all`, so that the caller picks those that it has not seen.
  ResultTable rows;
  bool is_all = false;
  std::string mark;      // for the next look
  bool is_over = false;  // no process writes any more, `own_pid` on `own_host` left aside
};

// Every task of the selection that passes now and has not been stored and passed at the look that
// gave `mark` ("" before the first), and others that had: those that are open come each time. The
// mark is how far the store had been written, in the order of its rows, so that a task which comes
// late from another machine is new when it comes. All come anew where that order says nothing: the
// store was built again or rows were taken out of it, or the filter asks what may become known
// after a task has ended (its energy, its campaign, its process).
Result<NewTasks> new_tasks(const Session& session, const Selection& selection,
                           const std::string& mark, const std::string& own_host, int64_t own_pid);

// Is what it asks settled by the task's own record, which comes when it ends? Energy, say, becomes
// known later, so that every task must be asked anew.
bool is_settled(const Filter& filter);

}  // namespace headrace::query

// Takes workflows out of the store, with all that only they need.
//
//   Result<Transaction> transaction = Transaction::begin(connection);
//   Result<Removed> removed = remove_workflows(connection, ids);   // ROLLBACK: nothing happened
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "store/database.h"

namespace headrace::store {

struct Removed {
  int64_t tasks = 0;
  int64_t objects = 0;
  int64_t edges = 0;
  int64_t samples = 0;
  int64_t log_rows = 0;
  // Folded segments of processes of which nothing is left. Their rows are gone; the files are the
  // caller's to delete.
  std::vector<std::string> segments;
};

// Notes the removal of these workflows and carries it out: their tasks with all that belongs to
// them, and what only they needed, objects that no edge names any more and samples of processes of
// which nothing is left and beside which nothing that is left ran. The amendments stand in the
// temporary table `removal` for note_in_journal(). In the caller's transaction.
Result<Removed> remove_workflows(const Connection& connection, const std::vector<Uuid>& workflows);

}  // namespace headrace::store

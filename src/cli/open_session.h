// Opens the store with everything in it that was captured until now.
#pragma once

#include "base/status.h"
#include "cli/program.h"
#include "energy/idle_policy.h"
#include "query/session.h"
#include "store/store.h"

namespace headrace::cli {

// Folds new segments into the store and attributes their energy, if there are any; then opens it
// for reading. What is damaged or missing is said on stderr. From here on Ctrl-C ends the program.
// `redrive`: records in quarantine are tried once more, which says on stderr what came of it.
Result<query::Session> open_session(const Program& program, bool redrive = false);

// The same with the energy of tasks by this policy: in memory, where the store has another.
Result<query::Session> open_session_with_idle(const Program& program, energy::IdlePolicy policy);

// The same for a command that answers from what it opened and then ends: what was opened for
// reading stays open until end_program(), which leaves it to the kernel. To close it would free
// each entry of its catalog, a fifth of the time that a quick answer takes.
Result<query::Session> open_last_session(const Program& program);
// What main() returns; or ends the process itself, its output written, if a store was left open.
int end_program(int code);

// The same, but for writing (tags, notes, removals), with the store to write to.
Result<store::Store> open_to_amend(const Program& program);

}  // namespace headrace::cli

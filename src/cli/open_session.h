// Opens the store with everything in it that was captured until now.
#pragma once

#include "base/status.h"
#include "cli/program.h"
#include "query/session.h"
#include "store/store.h"

namespace headrace::cli {

// Folds new segments into the store and attributes their energy, if there are any; then opens it
// for reading. What is damaged or missing is said on stderr. From here on Ctrl-C ends the program.
// `redrive`: records in quarantine are tried once more, which says on stderr what came of it.
Result<query::Session> open_session(const Program& program, bool redrive = false);

// The same, but for writing (tags, notes, removals), with the store to write to.
Result<store::Store> open_to_amend(const Program& program);

}  // namespace headrace::cli

// Opens the store for reading, with everything in it that was captured until now.
#pragma once

#include "base/status.h"
#include "cli/program.h"
#include "query/session.h"

namespace headrace::cli {

// Folds new segments into the store if there are any (says on stderr what was damaged), then opens
// it for reading. From here on Ctrl-C ends the program.
Result<query::Session> open_session(const Program& program);

}  // namespace headrace::cli

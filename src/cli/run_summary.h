// What `headrace run` says at its end.
#pragma once

#include "cli/program.h"
#include "run/run_program.h"

namespace headrace::cli {

// One line on stderr, unless -q: how many tasks, which energy and how well known, what to do next.
// Folds what the run recorded into the store; where that is not possible now, says only where the
// records are.
void say_summary(const Program& program, const run::Recorded& recorded);

}  // namespace headrace::cli

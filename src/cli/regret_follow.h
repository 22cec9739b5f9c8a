// `headrace regret --follow`: advice while a campaign runs, as soon as a rule gives it.
#pragma once

#include "cli/output.h"
#include "cli/program.h"
#include "query/regret.h"

namespace headrace::cli {

// A line on stdout for each run that goes on and each rule that would stop it now, once: text, or
// with a JSON format an object {time, rule, config, since_point, points, best, campaign_best,
// time_s, task_id, workflow_id}. Looks again every `every_s` seconds; a campaign or curve that is
// not there yet is waited for. Ends when every program that recorded here has ended, or by Ctrl-C.
// Returns the exit code.
int follow_regret(const Program& program, const query::RegretQuestion& question,
                  const Output& output, double every_s);

}  // namespace headrace::cli

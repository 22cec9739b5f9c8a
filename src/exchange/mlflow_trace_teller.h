// What of a trace of MLflow's becomes what of Headrace's:
//
//   trace   a task, part of the run in which it was made: its task is the parent. Without a run, a
//           task in a workflow of its own
//   span    a task below that of its parent span, or of the trace; inputs used, outputs generated,
//           an exception its error. Its type, events, links and attributes are attributes
//   counts of tokens   generated as input_tokens, output_tokens, total_tokens, ...
#pragma once

#include <string>

#include "base/status.h"
#include "collect/intake.h"
#include "exchange/mlflow_records.h"

namespace headrace::exchange {

// `campaign` is for one without a run. Errors: the intake's. What it cannot take is quarantined.
Status tell_trace(const MlflowTrace& trace, const std::string& campaign, collect::Intake& intake);

}  // namespace headrace::exchange

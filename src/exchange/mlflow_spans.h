// Spans of MLflow's traces, as the texts say them in which MLflow keeps them: the column
// spans.content (MLflow 3.5 and later) and the file traces.json (from 2.14 on). Two forms:
//
//   2.14   {"name", "context": {"span_id": "0x1f..."}, "parent_id", "start_time", "end_time",
//           "status_code": "OK", "status_message", "attributes", "events": [{"name", "timestamp",
//           "attributes"}]}
//   3.0    {"name", "span_id": base64, "parent_span_id", "start_time_unix_nano",
//           "end_time_unix_nano", "status": {"code": "STATUS_CODE_OK", "message"}, "attributes",
//           "events": [{"name", "time_unix_nano", "attributes"}], "links"}
//
// Values of attributes are JSON within the JSON. Inputs, outputs and the type are among them.
#pragma once

#include <string_view>
#include <vector>

#include "base/status.h"
#include "exchange/mlflow_records.h"

namespace headrace::exchange {

// Fills in what the text of one span says; what it leaves out stays as it was in `out`.
// Errors: kCorrupt when it is no JSON object with a span's id.
Status read_span(std::string_view text, MlflowSpan& out);

// The spans of a traces.json, in its order. Errors: kCorrupt.
Result<std::vector<MlflowSpan>> read_traces_json(std::string_view text);

}  // namespace headrace::exchange

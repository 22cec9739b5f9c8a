#include "exchange/mlflow_trace_teller.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include "exchange/mlflow_values.h"
#include "query/json.h"

namespace headrace::exchange {
namespace {

using collect::TaskTold;
using collect::Value;
using collect::Values;
using query::Json;

std::optional<int64_t> sum_ns(std::optional<int64_t> ms, int64_t more_ms) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / 2'000'000;
  if (!ms || *ms < 0 || *ms > kMost || more_ms < 0 || more_ms > kMost) return std::nullopt;
  return (*ms + more_ms) * 1'000'000;
}

// The values of a map under their names; anything else under `name`.
void add_json(Values& to, const char* name, const std::string& text) {
  if (text.empty() || text == "null") return;
  const Result<Json> json = Json::parse(text);
  const Json::Map* map = json.ok() ? json->as<Json::Map>() : nullptr;
  if (map == nullptr) {
    to.add(name, json_or_text(text));
    return;
  }
  for (const auto& [key, value] : *map) to.add(key, json_or_text(value.dump()));
}

// Counts of tokens are results, as the conventions of OpenTelemetry have them.
bool add_usage(Values& to, const std::string& name, const std::string& text) {
  if (name != "mlflow.chat.tokenUsage" && name != "mlflow.trace.tokenUsage") return false;
  add_json(to, "tokens", text);
  return true;
}

TaskStatus status_of(const std::string& status) {
  if (status == "IN_PROGRESS") return TaskStatus::kRunning;
  return status == "ERROR" ? TaskStatus::kFailed : TaskStatus::kFinished;
}

Status tell(const TaskTold& task, collect::Intake& intake) {
  const Status told = intake.task(task);
  if (told.code() != StatusCode::kInvalidArgument) return told;
  return intake.quarantine("span " + task.id, told.message());
}

Status tell_span(const MlflowTrace& trace, const std::string& workflow, const MlflowSpan& span,
                 collect::Intake& intake) {
  TaskTold task;
  task.id = trace.id + "/" + span.id;
  task.activity = span.name.empty() ? "span" : span.name;
  task.workflow = workflow;
  task.parent = span.parent.empty() ? trace.id : trace.id + "/" + span.parent;
  task.begin_ns = span.begin_ns;
  task.end_ns = span.end_ns;
  // One without an end in a trace that is over will never have one.
  task.status = span.end_ns || trace.has_ended() ? status_of(span.status) : TaskStatus::kRunning;
  if (trace.has_ended() && !span.end_ns) task.status = TaskStatus::kLost;
  add_json(task.used, "inputs", span.inputs);
  add_json(task.generated, "outputs", span.outputs);
  for (const auto& [name, text] : span.attributes) {
    if (name == "mlflow.traceRequestId" || name == "mlflow.experimentId") continue;
    if (!add_usage(task.generated, name, text)) task.attributes.add(name, json_or_text(text));
  }
  if (!span.events.empty()) task.attributes.add("events", json_or_text(span.events));
  if (!span.links.empty()) task.attributes.add("links", json_or_text(span.links));
  if (task.status == TaskStatus::kFailed) {
    task.error_type = span.error_type;
    task.error_message = span.error_message.empty() ? span.message : span.error_message;
    task.error_traceback = span.error_traceback;
  }
  return tell(task, intake);
}

void add_pairs(const MlflowTrace& trace, TaskTold& task) {
  for (const auto& [name, text] : trace.metadata) {
    if (name == "mlflow.traceInputs" || name == "mlflow.traceOutputs") continue;
    if (!add_usage(task.generated, name, text)) task.attributes.add(name, json_or_text(text));
  }
  for (const auto& [name, text] : trace.tags) {
    Values& to = name.starts_with("mlflow.") ? task.attributes : task.tags;
    to.add(name, Value::of(text));
  }
}

}  // namespace

Status tell_trace(const MlflowTrace& trace, const std::string& campaign, collect::Intake& intake) {
  const auto root =
      std::ranges::find_if(trace.spans, [](const MlflowSpan& span) { return span.parent.empty(); });
  const bool has_root = root != trace.spans.end();
  const std::string workflow = trace.run().empty() ? "trace:" + trace.id : trace.run();
  if (!trace.was_told_ended) {
    TaskTold task;
    task.id = trace.id;
    task.activity = !trace.name.empty() ? trace.name : trace.tag("mlflow.traceName");
    if (task.activity.empty()) task.activity = has_root ? root->name : "trace";
    task.workflow = workflow;
    task.parent = trace.run();
    // Those of the root span are exact, the trace's own are in ms.
    task.begin_ns = has_root ? root->begin_ns : sum_ns(trace.begin_ms, 0);
    task.status = trace.has_ended() ? status_of(trace.status) : TaskStatus::kRunning;
    if (trace.has_ended()) {
      task.end_ns = has_root && root->end_ns
                        ? root->end_ns
                        : sum_ns(trace.begin_ms, trace.duration_ms.value_or(0));
    }
    add_json(task.used, "inputs", has_root ? root->inputs : trace.metadatum("mlflow.traceInputs"));
    add_json(task.generated, "outputs",
             has_root ? root->outputs : trace.metadatum("mlflow.traceOutputs"));
    add_pairs(trace, task);
    if (!trace.client_request_id.empty()) {
      task.attributes.add("client_request_id", Value::of(trace.client_request_id));
    }
    if (task.status == TaskStatus::kFailed && has_root) {
      task.error_type = root->error_type;
      task.error_message = root->error_message.empty() ? root->message : root->error_message;
      task.error_traceback = root->error_traceback;
    }
    if (trace.run().empty()) {
      collect::WorkflowTold whole;
      whole.id = workflow;
      whole.name = task.activity;
      whole.campaign = campaign;
      whole.begin_ns = task.begin_ns;
      if (trace.has_ended()) {
        whole.status = task.status;
        whole.end_ns = task.end_ns;
      }
      whole.attributes.add("experiment_id", Value::of(trace.experiment));
      const Status told = intake.workflow(whole);
      if (!told.ok() && told.code() != StatusCode::kInvalidArgument) return told;
    }
    HEADRACE_RETURN_IF_ERROR(tell(task, intake));
  }
  for (const MlflowSpan& span : trace.spans) {
    HEADRACE_RETURN_IF_ERROR(tell_span(trace, workflow, span, intake));
  }
  return ok_status();
}

}  // namespace headrace::exchange

// The traces of MLflow's database: tables trace_info, trace_tags, trace_request_metadata (2.14) and
// spans (3.5). Where that has none of a trace, its spans are in the file traces.json.
#include <string>
#include <utility>

#include "base/clock.h"
#include "exchange/mlflow_artifacts.h"
#include "exchange/mlflow_database.h"
#include "exchange/mlflow_spans.h"

namespace headrace::exchange {
namespace {

bool is_within_a_minute(int64_t unix_ms) {
  const int64_t age_ms = now_realtime_ns() / 1'000'000 - unix_ms;
  return age_ms >= 0 && age_ms < 60'000;
}

}  // namespace

Status MlflowDatabase::read_traces(MlflowContent& out) {
  is_trace_awaited_ = false;
  if (!columns_.contains("trace_info")) return ok_status();
  if (columns_.contains("assessments")) {
    HEADRACE_RETURN_IF_ERROR(
        file_.each("SELECT count(*) FROM assessments", {},
                   [&](const SqliteRow& row) { assessments_ = row.integer(0); }));
  }
  // Of each trace, how many spans there are and how many of them have ended.
  std::map<std::string, std::string> counts;
  if (columns_.contains("spans")) {
    HEADRACE_RETURN_IF_ERROR(file_.each(
        "SELECT trace_id, count(*), count(end_time_unix_nano) FROM spans GROUP BY trace_id", {},
        [&](const SqliteRow& row) { counts[row.text(0)] = row.text(1) + "/" + row.text(2); }));
  }
  std::vector<MlflowTrace> perhaps_new;
  HEADRACE_RETURN_IF_ERROR(each("trace_info",
                                {"request_id", "experiment_id", "timestamp_ms", "execution_time_ms",
                                 "status", "trace_name", "client_request_id"},
                                "rowid", [&](const SqliteRow& row) {
                                  MlflowTrace trace;
                                  trace.id = row.text(0);
                                  trace.experiment = row.text(1);
                                  trace.begin_ms = row.optional_integer(2);
                                  trace.duration_ms = row.optional_integer(3);
                                  trace.status = row.text(4);
                                  trace.name = row.text(5);
                                  trace.client_request_id = row.text(6);
                                  trace.look = trace.status + " " + row.text(3) + " ";
                                  const auto found = counts.find(trace.id);
                                  trace.look +=
                                      found == counts.end() ? kSpansInFile : found->second;
                                  if (traces_told().is_news(trace.id, trace.look))
                                    perhaps_new.push_back(std::move(trace));
                                }));
  for (MlflowTrace& trace : perhaps_new) {
    if (out.traces.size() == kTracesAtOnce) {
      out.has_more_traces = true;
      break;
    }
    HEADRACE_RETURN_IF_ERROR(read_trace(trace, out));
  }
  return ok_status();
}

Status MlflowDatabase::read_trace(MlflowTrace& trace, MlflowContent& out) {
  const auto pairs_of = [&](const char* table, MlflowPairs& to) -> Status {
    if (!has(table, "request_id")) return ok_status();
    return file_.each(
        std::string("SELECT key, value FROM ") + table + " WHERE request_id = ? ORDER BY 1",
        {trace.id}, [&](const SqliteRow& row) { to.emplace_back(row.text(0), row.text(1)); });
  };
  HEADRACE_RETURN_IF_ERROR(pairs_of("trace_tags", trace.tags));
  if (trace.look.ends_with(kSpansInFile)) {
    read_spans_of_file(artifact_folder(trace.tag("mlflow.artifactLocation"), base_), trace, out);
  } else {
    HEADRACE_RETURN_IF_ERROR(read_spans(trace, out));
  }
  if (!traces_told().is_news(trace.id, trace.look)) return ok_status();
  HEADRACE_RETURN_IF_ERROR(pairs_of("trace_request_metadata", trace.metadata));
  // Who sends spans alone (OpenTelemetry) never says what it is part of. MLflow says it at the end.
  if (trace.metadata.empty()) {
    const bool is_young = trace.begin_ms && is_within_a_minute(*trace.begin_ms);
    is_trace_awaited_ |= is_young;
    if (is_young || !trace.has_ended()) return ok_status();
  }
  take(std::move(trace), out);
  return ok_status();
}

Status MlflowDatabase::read_spans(MlflowTrace& trace, MlflowContent& out) const {
  return file_.each(
      "SELECT span_id, parent_span_id, name, status, start_time_unix_nano, end_time_unix_nano, "
      "content FROM spans WHERE trace_id = ? ORDER BY start_time_unix_nano, rowid",
      {trace.id}, [&](const SqliteRow& row) {
        MlflowSpan span;
        span.id = row.text(0);
        span.parent = row.text(1);
        span.name = row.text(2);
        span.status = row.text(3);
        span.begin_ns = row.integer(4);
        span.end_ns = row.optional_integer(5);
        // Of an archived trace there is no content.
        const std::string content = row.text(6);
        const Status read = content.empty() ? ok_status() : read_span(content, span);
        if (!read.ok()) {
          out.unreadable.emplace_back(
              content, "span " + span.id + " of trace " + trace.id + ": " + read.message());
        }
        trace.spans.push_back(std::move(span));
      });
}

}  // namespace headrace::exchange

// Tasks over time as a trace, which Perfetto, chrome://tracing and Speedscope open.
//
// Format: Trace Event Format, JSON object form ("Trace Event Format", the Chromium project,
// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU):
//
//   process                    "M" process_name: its host and pid; the file's own number as pid
//   thread                     "M" thread_name; where tasks overlap in it, lanes beside it
//   task                       "X", in microseconds since `otherData.origin`, with args
//   sample                     "C"
//   object from task to task   "s" and "f" with bp "e"
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/status.h"
#include "exchange/scope.h"

namespace headrace::exchange {

struct TraceChoice {
  ScopeChoice scope;
  bool force = false;
};

struct TraceCount {
  uint64_t tasks = 0;
  uint64_t samples = 0;
  uint64_t flows = 0;
};

// A task that has not ended lasts to the latest moment known. Flows are exact edges whose user
// began after the generator did. Errors: of open_target and Scope.
Result<TraceCount> export_chrome_trace(const query::Session& session, const TraceChoice& choice,
                                       const std::filesystem::path& file);

}  // namespace headrace::exchange

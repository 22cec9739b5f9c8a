// What was captured as Flowcept's documents, one JSON object a line: a file that its own
// Flowcept.read_buffer_file and reports read, and `headrace import flowcept` too.
//
//   workflow   {"type": "workflow", "workflow_id": ..., "name": ..., "status": "FINISHED", ...}
//   task       {"type": "task", "task_id": ..., "activity_id": ..., "used": {...}, ...}
//   object     of kind agent: {"type": "agent", ...}; any other: {"type": "object", ...}
//
// What came by `headrace import flowcept` is the document again, but for what docs/flowcept_wire.md
// lists. Values that JSON cannot say become what it can: dates and decimals text, a set a list, NaN
// and infinities null, bytes base64 text.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/status.h"
#include "exchange/scope.h"

namespace headrace::exchange {

struct FlowceptChoice {
  ScopeChoice scope;
  bool force = false;
};

struct FlowceptCounts {
  uint64_t workflows = 0;
  uint64_t tasks = 0;
  uint64_t agents = 0;
  uint64_t objects = 0;
};

// Errors: of Target and Scope.
Result<FlowceptCounts> export_flowcept(const query::Session& session, const FlowceptChoice& choice,
                                       const std::filesystem::path& file);

}  // namespace headrace::exchange

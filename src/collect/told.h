// What a foreign source tells, one struct for each kind of record. Ids are the source's own, any
// text, each kind by itself; times are Unix ns, from 1970 to 2262. Empty and absent mean: not told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/id.h"
#include "collect/told_value.h"
#include "encode/record.h"
#include "model/status.h"

namespace headrace::collect {

// The same workflow may be told again and again: what is told later is added, its last value holds.
// It runs as long as no `end_ns` was told.
struct WorkflowTold {
  std::string id;  // required
  std::string name;
  std::string parent;    // id of the workflow that it is part of
  std::string campaign;  // name
  std::optional<int64_t> begin_ns;
  std::optional<int64_t> end_ns;
  TaskStatus status = TaskStatus::kRunning;  // with `end_ns`: how it ended
  Values used;
  Values generated;
  Values tags;
  Values attributes;
};

// The same task may be told in parts (submitted, running, finished), in any order: see
// Intake::task.
struct TaskTold {
  std::string id;        // required
  std::string activity;  // required in one of its parts
  std::string workflow;
  std::string parent;               // id of a task of this source
  std::optional<Uuid> parent_task;  // or of a task of Headrace
  std::optional<int64_t> begin_ns;
  std::optional<int64_t> end_ns;
  // Of a part: pending and running mean that the task goes on, the others that it has ended.
  TaskStatus status = TaskStatus::kFinished;
  uint8_t attempt = 0;  // 0 the first
  Values used;
  Values generated;
  Values tags;
  Values attributes;
  std::string error_type;
  std::string error_message;
  std::string error_traceback;
  // Ids of tasks of this source whose results it used: an exact edge from each, by way of an object
  // of kind "result" that stands for what that task returned.
  std::vector<std::string> depends_on;
  // Kept as the attributes `host` and `agent`.
  std::string host;
  std::string agent;
};

// An object or one version of it: told again with the same id, attributes are added.
struct ObjectTold {
  std::string id;    // required
  std::string kind;  // dataset, model, checkpoint, file, ...; "object" if empty
  std::string name;
  std::string path;
  std::string sha256;  // 64 hex digits
  std::optional<uint64_t> size_bytes;
  std::string version;
  std::string workflow;
  std::optional<int64_t> at_ns;
  Values attributes;
};

// A row of metrics of a task or, without one, of a workflow.
struct RowTold {
  std::string task;
  std::string workflow;
  int64_t at_ns = 0;
  std::optional<int64_t> step;  // the value `step`
  Values values;
};

// A line of text that was logged or printed.
struct LineTold {
  std::string task;
  std::string workflow;
  int64_t at_ns = 0;
  LogStream stream = LogStream::kStdout;  // or kStderr
  std::string text;
};

// That a task used or generated an object, told apart from the task.
struct EdgeTold {
  std::string task;    // required
  std::string object;  // required
  bool is_generated = false;
  std::string name;  // under which the task knows it
  bool is_inferred = false;
};

}  // namespace headrace::collect

// Workflows and campaigns: what tasks belong to.
//
// The current workflow is the thread's own (entered on it and not yet left), else the process's,
// else one made for the process at its first task: HEADRACE_WORKFLOW if set (joined, and not ended
// here), else a new one named after the program and ended when the process ends.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "capture/fields.h"
#include "model/status.h"

namespace headrace::capture {

class Recorder;

struct WorkflowState {
  Uuid id;
  uint32_t workflow_id = 0;  // dictionary ids
  uint32_t parent_workflow_id = 0;
  uint32_t campaign_id = 0;
  uint32_t name_id = 0;
  uint64_t begin_ticks = 0;
  Fields fields;
  WorkflowState* outer_thread = nullptr;
  uint32_t outer_process_id = 0;
  ProducerId producer = 0;
  bool is_entered = false;  // stands among its thread's workflows
};

// Begins a workflow and makes it current; a workflow that is current becomes its parent.
// `id` nil: a new one, or under srun and mpirun one that all ranks derive alike.
// Null when capture is off. `fields` are its used values.
WorkflowState* begin_workflow(std::string_view name, const Fields& fields, Uuid id = {});
// Ends it, with more values (role kGenerated, kError, kAttribute) if any. The state is gone.
void end_workflow(WorkflowState* workflow, TaskStatus status, const Fields& fields);

// The same, but it becomes nobody's current workflow: for what keeps track of it otherwise. Its
// parent is the workflow of that dictionary id; 0: as above.
WorkflowState* begin_detached_workflow(std::string_view name, const Fields& fields,
                                       uint32_t parent_workflow_id);

// The current workflow's dictionary id; makes the process's workflow if there is none.
uint32_t current_workflow_id(Recorder& recorder);
// The current workflow's uuid, if any was entered or made.
std::optional<Uuid> current_workflow_uuid();
// The process's workflow, nil if none was entered or made. No lock: for signal handlers.
Uuid process_workflow_uuid();

// Workflows begun from now on belong to the campaign. Returns the previous name (empty: none), to
// be given to leave_campaign. HEADRACE_CAMPAIGN is the campaign where none was entered.
std::string enter_campaign(std::string_view name, const Fields& fields);
void leave_campaign(std::string_view previous);
std::string current_campaign();

// Records an object: an artefact with content. `fields`: attributes name, path, sha256, size_bytes
// and the user's. The same `id` may be recorded again.
void record_object(const Uuid& id, std::string_view kind, const Fields& fields);
// The same by dictionary ids, for many of one kind, which is neither "checkpoint" nor "model".
void record_object(const Uuid& id, uint32_t kind_id, uint32_t workflow_id, const Fields& fields);
// The identity of a file's content at a path: equal here, in another process, and tomorrow.
Uuid file_object_id(std::string_view absolute_path, std::string_view sha256_hex);
// The identity of named content that is no file.
Uuid named_object_id(std::string_view kind, std::string_view name, std::string_view version);

// What to call the process's own workflow if a task makes one; the program's name otherwise.
void name_process_workflow(std::string_view name);
// Ends the process's own workflow, if one was made. Called at exit.
void end_process_workflow(TaskStatus status, const Fields& fields);
// In a fork child: tasks belong to the workflow the forking thread was in (`of_thread`, or null:
// the process's), which stays the parent's to end.
void workflow_after_fork(const WorkflowState* of_thread);

}  // namespace headrace::capture

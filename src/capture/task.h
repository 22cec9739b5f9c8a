// Tasks as the recorder sees them: begin, values, end, and which one is current on this thread.
//
//   TaskState* t = begin_task(activity);
//   t->fields.add_float(Role::kUsed, name, 0.1);
//   end_task(t, TaskStatus::kFinished);      // one record; t is gone
//
// begin_task gives null when capture is off; every function accepts null and does nothing. A state
// belongs to one caller at a time, which may end it on another thread than it began on.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "capture/fields.h"
#include "capture/recorder.h"
#include "model/status.h"

namespace headrace::capture {

// What of it other threads, and the next collector after a kill, may see stands in `slot`: parent,
// begin, activity, workflow and values. The rest is this process's own and survives a fork.
struct TaskState {
  explicit TaskState(TaskSlot* its_slot) : fields(its_slot), slot(its_slot) {}
  Fields fields;
  TaskSlot* const slot;
  ProducerId producer = 0;
  TaskNumber number = 0;
  uint64_t begin_ticks = 0;
  // The dictionary id of its workflow; 0 in a fork child, where the slot is empty.
  uint32_t workflow_id() const { return slot->record.workflow_id; }
  void set_workflow_id(uint32_t id) { store_release(slot->record.workflow_id, id); }
  TaskState* outer = nullptr;  // what was current before
  const void* thread = nullptr;
  TaskState* next_free = nullptr;
  bool is_current = false;                   // pushed on the stack of `thread`
  std::atomic<bool> ended_elsewhere{false};  // by another thread than the one it is current on
};

// The dictionary id of an activity. `file` and `line` say where it is defined, if known.
uint32_t intern_activity(std::string_view name, std::string_view file = {}, int line = 0);

enum class Push : uint8_t { kCurrent, kDetached };
// A child of the thread's current task (or of HEADRACE_PARENT). kCurrent makes it the current task
// of this thread until it ends.
TaskState* begin_task(uint32_t activity_id, Push push = Push::kCurrent);
// A child of `parent`, which may belong to another producer; a nil reference means no parent.
TaskState* begin_task_under(uint32_t activity_id, TaskRef parent, Push push);
// Which try of the same work it is, 0 the first; before its end. Not to be discarded afterwards.
void set_attempt(TaskState* task, uint8_t attempt);
// Writes the task's record. Ending a task whose inner tasks are still current ends their currency.
// Gives the ticks of its end (0: no task).
uint64_t end_task(TaskState* task, TaskStatus status);
// Ends it without a record: the call turned out not to be one.
void discard_task(TaskState* task);

// The thread's current task, or null.
TaskState* current_task();
// For coroutines: makes `task` (null: none) current on this thread, returns the one before.
TaskState* swap_current_task(TaskState* task);
TaskRef reference(const TaskState* task);

// One row of a series under `task` (null: under the workflow). `fields` of role kGenerated.
void log_values(const TaskState* task, LogStream stream, const Fields& fields);
// The same, of another moment than now.
void log_values_at(const TaskState* task, LogStream stream, const Fields& fields,
                   uint64_t at_ticks);
// The same under the task of this number of this process (0: under the workflow).
void log_values_of(uint64_t task, LogStream stream, const Fields& fields);

// The dictionary id of the fields' shape, looked up in a per-thread cache.
uint32_t shape_id(Recorder& recorder, const Fields& fields);

// The task that HEADRACE_PARENT names; nil if none.
Uuid task_of_environment();
// The dictionary id of recorder.outer_task(), 0 if none.
uint32_t root_parent(Recorder& recorder);
// Gives back what the thread keeps for its next tasks.
void drop_free_tasks(ThreadState& thread);

// Name ids by content, through a per-thread cache: no lock once a thread has seen the name.
uint32_t name_id(std::string_view name);

}  // namespace headrace::capture

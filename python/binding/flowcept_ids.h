// The ids that a Flowcept program gives: any text may name a task or a workflow.
#pragma once

#include <string>

#include "base/id.h"
#include "binding/python.h"
#include "capture/task.h"

namespace headrace::binding {

// The task that `text` names: by its own id, or by one that was remembered. Nil: no task known
// here.
TaskRef task_named(PyObject* text);
// Whether `text` is the task's own id, and none that a program gave it.
bool is_id_of(const TaskRef& task, PyObject* text);
// From now on `text` names the task. At least the last 32,768 are kept.
void remember_task(PyObject* text, const TaskRef& task);
// The text that names a task of this process, or null. Valid until remember_task.
const std::string* given_id(const TaskRef& task);

struct NamedWorkflow {
  uint32_t id = 0;       // dictionary id; 0: capture is off
  bool is_uuid = false;  // else the id is derived from the text, which must be kept beside it
};
// `text`: an exact string.
NamedWorkflow workflow_named(PyObject* text);
// The uuid of the same; nil for an empty text.
Uuid workflow_uuid(std::string_view text);

// An attribute of the record under a name that is interned: text of strings and of what derives
// from them (an Enum of texts), and any other value. None is nothing.
void add_attribute(capture::Fields& fields, PyObject* name, PyObject* value);

}  // namespace headrace::binding

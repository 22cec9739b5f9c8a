// The type `FlowceptTask`, which flowcept.FlowceptTask is: a task that the program begins by making
// the object and ends with end(), send() or a `with` block.
#pragma once

#include "binding/python.h"

namespace headrace::binding {

// Adds the type and the functions flowcept_task, set_flowcept.
bool add_flowcept_task_type(PyObject* module);

// Whether Flowcept programs are captured (settings.yaml: instrumentation.enabled).
bool flowcept_is_enabled();
// What Flowcept.current_workflow_id is now: a borrowed string or None.
PyObject* flowcept_current_workflow();

}  // namespace headrace::binding

// The type `FlowceptLoop`, which flowcept.FlowceptLoop is: each iteration is a task.
#pragma once

#include "binding/python.h"

namespace headrace::binding {

bool add_flowcept_loop_type(PyObject* module);

}  // namespace headrace::binding

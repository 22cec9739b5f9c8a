// The type `Loop`: `for batch in headrace.loop(items, "batch")` makes each iteration a task.
#pragma once

#include "binding/python.h"

namespace headrace::binding {

bool add_loop_type(PyObject* module);

}  // namespace headrace::binding

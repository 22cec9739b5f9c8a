// The type `Task`: a captured function, called in its place.
#pragma once

#include "binding/python.h"

namespace headrace::binding {

bool add_task_type(PyObject* module);

// A Task around `function`; a classmethod or staticmethod of one for a classmethod or staticmethod.
// `name`, `outputs`, `tags` may be null or None. The function itself when it is a Task already or
// capture is off for the process.
PyObject* make_task(PyObject* function, PyObject* name, PyObject* outputs, PyObject* tags);

}  // namespace headrace::binding

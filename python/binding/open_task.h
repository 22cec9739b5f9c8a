// The type `OpenTask`: a task that an adapter begins in one callback and ends in another; and the
// other functions that only headrace/adapters.py uses.
#pragma once

#include "binding/python.h"

namespace headrace::binding {

// Adds the type and the functions open_task, enter_place, leave_place, set_aside.
bool add_open_task_type(PyObject* module);

}  // namespace headrace::binding

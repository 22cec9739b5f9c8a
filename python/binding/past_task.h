// The functions ticks, draw_task and record_task: a task whose begin and end are told afterwards,
// so that it may span what the program's own blocks do not (a training step, an epoch).
#pragma once

#include "binding/python.h"

namespace headrace::binding {

bool add_past_task_functions(PyObject* module);

}  // namespace headrace::binding

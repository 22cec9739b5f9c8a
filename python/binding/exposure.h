// The functions exposure and current_task_number: how long each layer of a model ran.
#pragma once

#include "binding/python.h"

namespace headrace::binding {

bool add_exposure_functions(PyObject* module);

}  // namespace headrace::binding

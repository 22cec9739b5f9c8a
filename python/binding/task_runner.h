// The type `TaskRunner`: stands for a framework's function that runs each of its tasks, and makes
// what it runs an OpenTask without a line of Python around it. What is public of it is told in
// headrace/adapters.py.
#pragma once

#include "binding/python.h"

namespace headrace::binding {

// Adds the type and the function task_runner.
bool add_task_runner_type(PyObject* module);

}  // namespace headrace::binding

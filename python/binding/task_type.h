// The type `Task`: a captured function, called in its place.
#pragma once

#include "binding/python.h"

namespace headrace::binding {

bool add_task_type(PyObject* module);

// What `headrace.task` was told beside the function; each may be null or None.
struct TaskOptions {
  PyObject* name = nullptr;
  PyObject* outputs = nullptr;
  PyObject* tags = nullptr;
  PyObject* args = nullptr;          // which arguments are recorded
  PyObject* results = nullptr;       // whether results are
  PyObject* sample = nullptr;        // an int: one call of so many; a float: a probability
  PyObject* min_duration = nullptr;  // seconds: shorter calls leave no record
  PyObject* attributes = nullptr;    // a dict that each record has as attributes
  PyObject* result_name = nullptr;   // of results that outputs do not name
};

// A dict of what is given, and back (null: nothing is).
PyObject* dict_of(const TaskOptions& options);
TaskOptions options_of(PyObject* dict);

// A Task around `function`; a classmethod, staticmethod or partialmethod of one around those. The
// function itself when it is a Task already or capture is off for the process.
PyObject* make_task(PyObject* function, const TaskOptions& options);

}  // namespace headrace::binding

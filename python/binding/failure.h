// How a task that raised ended, and what is recorded of the exception.
#pragma once

#include "binding/python.h"
#include "capture/fields.h"
#include "model/status.h"

namespace headrace::binding {

// KeyboardInterrupt, GeneratorExit and asyncio's CancelledError: cancelled. SystemExit: finished
// with code 0 or none, else cancelled. Everything else: failed.
TaskStatus status_of_exception(PyObject* exception);

// Adds type, message and traceback of role kError.
void add_exception(capture::Fields& fields, PyObject* exception, PyObject* traceback);

// For the exception being raised: both of the above. It stays raised, the same object.
TaskStatus add_raised(capture::Fields& fields);

// The function that makes a traceback's text: text(exception, traceback) -> str
void set_traceback_text(PyObject* function);

}  // namespace headrace::binding

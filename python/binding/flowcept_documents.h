// The function flowcept_tasks: tasks of a spool as Flowcept's documents, as fast as they are read.
#pragma once

#include "binding/python.h"

namespace headrace::binding {

bool add_flowcept_documents(PyObject* module);

}  // namespace headrace::binding

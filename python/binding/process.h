// Functions about the whole process: workflows, campaigns, flushing, counters, the end.
#pragma once

#include "binding/python.h"

namespace headrace::binding {

bool add_process_functions(PyObject* module);
// read_segments(directory) -> str: every record of a spool as one JSON object a line.
bool add_segment_functions(PyObject* module);

}  // namespace headrace::binding

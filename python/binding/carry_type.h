// Work that runs elsewhere under the task that gave it away: calls in pools, threads, children.
#pragma once

#include "binding/python.h"

namespace headrace::binding {

// Adds the type Carried and the functions carry, place_text, settle_thread, call_outside.
bool add_carry_type(PyObject* module);

}  // namespace headrace::binding

// The function set_aside: a piece that makes no sense, for the quarantine.
#pragma once

#include "binding/python.h"

namespace headrace::binding {

bool add_set_aside_function(PyObject* module);

}  // namespace headrace::binding

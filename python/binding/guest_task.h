// Tasks that the scheduler of another system hands out (Dask's): begun where that system says, as
// the attempt that it says, with what it knows of them.
#pragma once

#include "binding/python.h"

namespace headrace::binding {

// Adds guest_activity, begin_guest, use_more, end_guest.
bool add_guest_functions(PyObject* module);

}  // namespace headrace::binding

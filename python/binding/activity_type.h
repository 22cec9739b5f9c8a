// The type `Activity`: a kind of task that an adapter makes once and begins many of.
#pragma once

#include "binding/activity.h"
#include "binding/python.h"

namespace headrace::binding {

// What an Activity or a string names; lives as long as the process. Null, with an exception, for
// what is neither, and null without one where there is no memory.
Activity* activity_given(PyObject* object);

// Adds the type and the function activity.
bool add_activity_type(PyObject* module);

}  // namespace headrace::binding

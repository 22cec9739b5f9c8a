// The type `Object`: an artefact with an identity. Passed as a value, it makes an edge.
#pragma once

#include "base/id.h"
#include "binding/python.h"

namespace headrace::binding {

// The identity if `value` is an Object, else null; valid as long as it lives.
const Uuid* object_id_of(PyObject* value);

// Adds the type and the functions that hash and record objects.
bool add_object_type(PyObject* module);

}  // namespace headrace::binding

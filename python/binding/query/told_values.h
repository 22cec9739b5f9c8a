// Python values as what a foreign source tells.
#pragma once

#include <nanobind/nanobind.h>

#include "collect/told_value.h"

namespace headrace::binding {

// None, bool, int of any size, float, str, bytes, datetime, Object, list, tuple, dict, set, and
// what has a number by item() (numpy's scalars). Anything else, and what lies deeper than 64
// levels, becomes a placeholder with its type.
collect::Value told_value(nanobind::handle value);
// The items of a dict; a key that is no string under its text.
collect::Values told_values(const nanobind::dict& values);
// The 36 characters of an id as bytes; nil when it is none.
Uuid told_uuid(nanobind::handle object);

}  // namespace headrace::binding

// The type `Moment`: now, on the clock that records carry, for a task that is recorded later. The
// other way of saying when is an int, Unix time in ns.
#pragma once

#include <cstdint>
#include <optional>

#include "binding/python.h"

namespace headrace::binding {

// The ticks (base/clock.h) of a Moment or of a Unix time in ns not far from now; none of None. A
// Moment is exact. A Unix time is off by the error of the clock's rate, some parts in a million
// once the process is a second old, of how long ago it is. False, with an exception, for others.
bool read_moment(PyObject* object, std::optional<uint64_t>* ticks);

// Adds the type and the function now.
bool add_moment_type(PyObject* module);

}  // namespace headrace::binding

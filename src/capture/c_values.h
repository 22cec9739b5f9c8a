// From the C interface's values to a record's fields.
#pragma once

#include <span>

#include <headrace/headrace.h>

#include "capture/fields.h"
#include "capture/recorder.h"

namespace headrace::capture {

// A value of an unknown type, or whose bytes are missing, becomes a placeholder that says so.
void add_values(Recorder& recorder, Fields& fields, Role role,
                std::span<const headrace_value> values);

}  // namespace headrace::capture

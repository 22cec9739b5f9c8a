// The type `Intake`: the door for foreign records (collect/intake.h), as headrace/sources.py uses
// it.
#pragma once

#include <nanobind/nanobind.h>

namespace headrace::binding {

void add_intake(nanobind::module_& m);

}  // namespace headrace::binding

// What a notebook shows: reports, cards and single views, as the report room writes them.
#pragma once

#include <nanobind/nanobind.h>

namespace headrace::binding {

void add_pages(nanobind::module_& m);

}  // namespace headrace::binding

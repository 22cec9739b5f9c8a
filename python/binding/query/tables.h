// The class `_query.Table`: an answer in memory.
#pragma once

#include <nanobind/nanobind.h>

#include "query/result_table.h"

namespace headrace::binding {

void add_table(nanobind::module_& m);

// An `arrow_array_stream` capsule, which owns the table.
nanobind::capsule arrow_stream(query::ResultTable table);

}  // namespace headrace::binding

// Columns of a table as arrays, for pandas: no Python object for each row.
#pragma once

#include <cstddef>
#include <nanobind/nanobind.h>

#include "query/kept_table.h"

namespace headrace::binding {

// (numpy's name of the type, the values as a bytearray, which of them are NULL as a bytearray of 0
// and 1, or None where none is). Moments are int64 in UTC, "datetime64[ns]" or another unit; NULL
// stands as 0. None for a column whose values have no fixed width.
nanobind::object fixed_column(const query::KeptTable& table, size_t column);

// (int32 codes as a bytearray, -1 for NULL; the list of texts that they number, each once). None
// for a column that is no text.
nanobind::object text_column(const query::KeptTable& table, size_t column);

}  // namespace headrace::binding

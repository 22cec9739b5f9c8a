// The SQL function headrace_task_id(uid UBIGINT, seq BIGINT): the UUID of a task, see base/id.h.
//
// What stored views compute from text, so that any DuckDB client reads them, takes 130 ms for a
// million tasks; this only moves bits. Views that are made for a query use it. Only connections of
// this program know it.
#pragma once

#include "base/status.h"
#include "duckdb.h"

namespace headrace::store {

// Makes the function known to all connections of the database.
Status register_task_id_function(duckdb_database database);

}  // namespace headrace::store

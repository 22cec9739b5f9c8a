// DuckDB's results as Arrow C data (https://arrow.apache.org/docs/format/CDataInterface.html).
//
// What comes out owns its memory: it stays good after the result, the connection and the database
// are gone, so a reader may let go of the store's file and keep the rows.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "store/database.h"

namespace headrace::store {

// Runs one SELECT and gives its rows as they are computed, not all at once; the connection can do
// nothing else until the result is read to its end or gone. Errors as Connection::query.
Result<QueryResult> stream(const Connection& connection, const std::string& sql);
// Why a streamed result ended: OK when all rows were read.
Status stream_status(QueryResult& result);

// The columns' Arrow schema: a struct with one child for each column. `out->release` is the
// caller's to call.
Status arrow_schema(QueryResult& result, ArrowSchema* out);
// The rows of the result's current chunk, as a struct array. `out->release` is the caller's to
// call.
Status arrow_batch(QueryResult& result, ArrowArray* out);

// The SQL name of each column's type: "DOUBLE", "JSON", "DECIMAL(18,3)", "STRUCT(a INTEGER)".
std::vector<std::string> type_names(QueryResult& result);

// What a statement would do, without running it.
enum class StatementKind { kSelect, kExplain, kOther };
// Errors: the statement does not parse or bind (kInvalidArgument, DuckDB's message).
Result<StatementKind> statement_kind(const Connection& connection, const std::string& sql);

}  // namespace headrace::store

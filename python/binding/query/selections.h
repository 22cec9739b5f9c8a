// Selections of rows, as Python asks for them: one JSON document a question.
//
//   {"view": "tasks", "filters": ["used.lr<1e-3"], "documents": [{"status": "failed"}],
//    "columns": ["id", "used.*"], "sort": ["-generated.loss"], "limit": 20, "offset": 0,
//    "group_by": ["activity"], "aggregates": [["avg", "used.lr"]], "must_be_known": true}
#pragma once

#include <string>

#include "base/status.h"
#include "query/selection.h"

namespace headrace::binding {

// Errors as query/filter_names.h and query/mongo_filter.h have them.
Result<query::Selection> read_selection(const query::Session& session, const std::string& question);

}  // namespace headrace::binding

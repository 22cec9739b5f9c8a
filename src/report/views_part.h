// What the views of a report draw beside its tasks: the reductions that the server answers with, in
// the same shapes, as small as one file needs them.
#pragma once

#include <string>

#include "report/scope.h"

namespace headrace::report {

// "views" of schema/report.schema.json. `against`: a campaign or workflow to compare with; with ""
// two workflows of one name are compared where a campaign consists of them. What is left out for
// size is counted in it. Errors: kNotFound for an `against` that is not there, kInvalidArgument for
// one of another kind.
Result<query::Json> views_json(const Scope& scope, const std::string& against);

}  // namespace headrace::report

// The lineage of a report: what `headrace why` answers for the best model.
#pragma once

#include <optional>
#include <string>

#include "report/scope.h"

namespace headrace::report {

struct LineagePart {
  query::Json json;     // "lineage" of schema/report.schema.json, or null
  query::Json missing;  // why there is none, or null
  std::string object_id;
};

// Of `object` (what `headrace why` takes); with "", of what the task `best_task` generated: a model
// or checkpoint before anything else; without that task, of the last model that the campaign
// generated. Errors: kNotFound for an object that was named and is not there.
Result<LineagePart> lineage_part(const Scope& scope, const std::string& object,
                                 const std::optional<std::string>& best_task);

}  // namespace headrace::report

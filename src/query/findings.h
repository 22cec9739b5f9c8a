// The single findings of a summary. Each gives nothing where there is nothing to say.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/session.h"
#include "query/summary.h"

namespace headrace::query {

// What a summary is of, as conditions on the views `task` and `workflow`, and on rows of the table
// task_slots aliased `t`.
struct FindingScope {
  std::string task_condition = "true";
  std::string workflow_condition = "true";
  std::string row_condition = "true";
  std::string workflow_id;
  std::string campaign;
};
using FoundRows = std::vector<std::vector<Cell>>;
using MaybeFinding = Result<std::optional<Finding>>;

MaybeFinding find_time(const Session& session, const FindingScope& scope);
MaybeFinding find_energy(const Session& session, const FindingScope& scope);
MaybeFinding find_failures(const Session& session, const FindingScope& scope);
MaybeFinding find_stragglers(const Session& session, const FindingScope& scope);
MaybeFinding find_done_again(const Session& session, const FindingScope& scope);
MaybeFinding find_without_values(const Session& session, const FindingScope& scope);
MaybeFinding find_without_energy(const Session& session, const FindingScope& scope);
MaybeFinding find_without_code(const Session& session, const FindingScope& scope);
MaybeFinding find_losses(const Session& session, const FindingScope& scope);

// Runs the query and keeps its first rows in the finding.
Result<FoundRows> rows_of(const Session& session, Finding* finding);
// The same of what the query gave already.
Result<FoundRows> rows_of(ResultTable table, Finding* finding);
std::string percent(double part, double whole);

}  // namespace headrace::query

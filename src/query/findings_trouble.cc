// What went wrong: failures, stragglers.
#include "query/findings.h"
#include "query/stragglers.h"
#include "query/units.h"

namespace headrace::query {
MaybeFinding find_failures(const Session& session, const FindingScope& scope) {
  Finding finding{"failures",
                  "",
                  "SELECT activity, status, count(*) AS tasks, sum(duration_s) AS spent_s, "
                  "any_value(error->>'$.type') AS error FROM task WHERE " +
                      scope.task_condition +
                      " AND status IN ('failed', 'lost', 'cancelled') GROUP BY ALL "
                      "ORDER BY tasks DESC, activity",
                  {}};
  const Result<FoundRows> rows = rows_of(session, &finding);
  if (!rows.ok()) return rows.status();
  if (rows->empty()) {
    finding.sentence = "No task failed, was lost or cancelled.";
    return std::optional<Finding>(std::move(finding));
  }
  double tasks = 0;
  double spent = 0;
  for (const auto& row : *rows) {
    tasks += row[2].real;
    spent += row[3].real;
  }
  const auto& most = rows->front();
  finding.sentence = counted(static_cast<uint64_t>(tasks), "task") + " did not finish, after " +
                     duration_text(spent) + "; most often " + most[0].text + " (" + most[2].text +
                     " " + most[1].text + (most[4].is_null ? "" : ", " + most[4].text) + ").";
  return std::optional<Finding>(std::move(finding));
}

MaybeFinding find_stragglers(const Session& session, const FindingScope& scope) {
  StragglerOptions options;
  options.workflow_id = scope.workflow_id;
  options.campaign = scope.campaign;
  Finding finding{"stragglers", "", stragglers_sql(options), {}};
  const Result<FoundRows> rows = rows_of(session, &finding);
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return std::optional<Finding>();
  double excess = 0;
  for (const auto& row : *rows) excess += row[6].real;
  const auto& most = rows->front();
  finding.sentence = counted(rows->size(), "task") +
                     " took far longer than others of the same "
                     "activity, " +
                     duration_text(excess) + " in all beyond the median; the worst is " +
                     most[1].text + " " + most[0].text.substr(0, 8) + ".." +
                     most[0].text.substr(32) + " with " + duration_text(most[3].real) + ", " +
                     two_digits(most[5].real) + " times the median" +
                     (most[7].is_null ? "" : ", rank " + most[7].text) +
                     (most[8].is_null ? "" : ", on " + most[8].text) + ".";
  return std::optional<Finding>(std::move(finding));
}

}  // namespace headrace::query

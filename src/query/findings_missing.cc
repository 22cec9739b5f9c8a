// What the capture does not know.
#include "query/findings.h"
#include "query/units.h"

namespace headrace::query {

// Which values a task has stands in the registry; its values need not be read.
MaybeFinding find_without_values(const Session& session, const FindingScope& scope) {
  Finding finding{"not captured",
                  "",
                  "SELECT a.name AS activity, count(*) AS tasks FROM (SELECT activity, schema, wf "
                  "FROM task_slots UNION ALL SELECT activity, schema, wf FROM open_task) t LEFT "
                  "JOIN activity_row a ON a.activity = t.activity WHERE " +
                      scope.row_condition +
                      " GROUP BY a.name HAVING NOT bool_or(t.schema IN (SELECT schema FROM field "
                      "WHERE role < 2)) ORDER BY tasks DESC, a.name",
                  {}};
  const Result<FoundRows> rows = rows_of(session, &finding);
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return std::optional<Finding>();
  std::string names;
  for (size_t i = 0; i < rows->size() && i < 3; ++i) {
    names += (i == 0 ? "" : ", ") + (*rows)[i][0].text;
  }
  if (rows->size() > 3) names += " and " + std::to_string(rows->size() - 3) + " more";
  finding.sentence = "No value was captured of the tasks of " + names +
                     ": name what they use and generate, as in hr.task(\"" + rows->front()[0].text +
                     "\", used={\"lr\": lr}).";
  return std::optional<Finding>(std::move(finding));
}

MaybeFinding find_without_energy(const Session& session, const FindingScope& scope) {
  Finding finding{"not captured",
                  "",
                  "SELECT activity, count(*) AS tasks FROM task WHERE " + scope.task_condition +
                      " AND task_id NOT IN (SELECT task_id FROM task_energy WHERE share_j IS NOT "
                      "NULL) GROUP BY activity ORDER BY tasks DESC, activity",
                  {}};
  const Result<FoundRows> rows = rows_of(session, &finding);
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return std::optional<Finding>();
  double tasks = 0;
  for (const auto& row : *rows) tasks += row[1].real;
  finding.sentence = counted(static_cast<uint64_t>(tasks), "task") +
                     " without a figure for energy, most of them " + rows->front()[0].text +
                     ": too short for the samples, or no sensor (headrace doctor says which).";
  return std::optional<Finding>(std::move(finding));
}

MaybeFinding find_without_code(const Session& session, const FindingScope& scope) {
  Finding finding{"not captured",
                  "",
                  "SELECT name, count(*) AS workflows FROM workflow WHERE " +
                      scope.workflow_condition +
                      " AND (attributes->>'$.git.commit') IS NULL AND parent_workflow_id IS NULL "
                      "GROUP BY name ORDER BY workflows DESC, name",
                  {}};
  const Result<FoundRows> rows = rows_of(session, &finding);
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return std::optional<Finding>();
  double workflows = 0;
  for (const auto& row : *rows) workflows += row[1].real;
  finding.sentence = counted(static_cast<uint64_t>(workflows), "workflow") +
                     " without the code's commit, e.g. " + rows->front()[0].text +
                     ": start it by headrace run, inside a git repository.";
  return std::optional<Finding>(std::move(finding));
}

MaybeFinding find_losses(const Session& session, const FindingScope&) {
  Finding finding{"losses",
                  "",
                  "SELECT reason, sum(count)::BIGINT AS records FROM gap GROUP BY reason ORDER BY "
                  "records DESC",
                  {}};
  const Result<FoundRows> rows = rows_of(session, &finding);
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return std::optional<Finding>();
  double records = 0;
  for (const auto& row : *rows) records += row[1].real;
  finding.sentence = counted(static_cast<uint64_t>(records), "record") +
                     " of the whole store are lost (" + rows->front()[0].text +
                     "); headrace doctor accounts for them.";
  return std::optional<Finding>(std::move(finding));
}

}  // namespace headrace::query

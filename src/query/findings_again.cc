// Work done again: from the same settings to the same results.
#include "query/findings.h"
#include "query/repeated_values.h"
#include "query/units.h"

namespace headrace::query {
namespace {

// A task was done again when one before it used and generated the same values and all tasks around
// both, and their workflows, used the same too. So epochs of different trainings are not, nor
// repeats that came out differently, nor what generated nothing that was captured. Only tasks whose
// own values occur twice are followed outward; a chain of parents that comes back to itself ends.
// Time is a task's own, without that of tasks inside it, which count for themselves.
std::string done_again_sql(const std::string& mine) {
  return "WITH RECURSIVE mine AS (SELECT task_id, parent_task_id, workflow_id, activity, status, "
         "started_at, duration_s, used::VARCHAR AS used, generated::VARCHAR AS generated FROM task "
         "WHERE " +
         mine +
         "), twice AS (SELECT activity, used, generated FROM mine WHERE status = 'finished' AND "
         "used <> '{}' AND generated <> '{}' GROUP BY ALL HAVING count(*) > 1), "
         "outward(task_id, around, settings, steps) AS (SELECT m.task_id, m.parent_task_id, '', 0 "
         "FROM mine m SEMI JOIN twice t ON t.activity = m.activity AND t.used = m.used AND "
         "t.generated = m.generated WHERE m.status = 'finished' UNION ALL "
         "SELECT o.task_id, m.parent_task_id, o.settings || m.activity || m.used, o.steps + 1 "
         "FROM outward o JOIN mine m ON m.task_id = o.around WHERE o.steps < 64), "
         "inside AS (SELECT parent_task_id AS task_id, sum(duration_s) AS seconds FROM mine "
         "WHERE parent_task_id IS NOT NULL GROUP BY ALL), "
         "turn AS (SELECT m.activity, greatest(0, m.duration_s - coalesce(i.seconds, 0)) AS own_s, "
         "row_number() OVER (PARTITION BY m.activity, m.used, m.generated, o.settings, "
         "w.used::VARCHAR ORDER BY m.started_at, m.task_id) AS turn FROM (SELECT task_id, "
         "arg_max(settings, steps) AS settings FROM outward GROUP BY task_id) o "
         "JOIN mine m ON m.task_id = o.task_id JOIN workflow w ON w.workflow_id = m.workflow_id "
         "LEFT JOIN inside i ON i.task_id = m.task_id) "
         "SELECT activity, count(*) AS again, sum(own_s) AS spent_s FROM turn WHERE turn > 1 "
         "GROUP BY activity ORDER BY spent_s DESC, activity";
}

// Asks of only those tasks whose values may be equal to others', and those around and inside them:
// the answer is the same.
Result<ResultTable> done_again(const Session& session, const FindingScope& scope,
                               const std::string& sql) {
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  Result<store::Registry> registry = store::Registry::load(*connection);
  if (!registry.ok()) return registry.status();
  HEADRACE_RETURN_IF_ERROR(connection->run(repeated_values_sql(*registry, scope.row_condition)));
  store::TaskView view;
  view.columns = {"task_id",  "parent_task_id", "workflow_id", "campaign",
                  "activity", "started_at",     "duration_s",  "status"};
  view.used_json = true;
  view.generated_json = true;
  view.where = kIsRepeated;
  return Session::sql(sql, &view, *registry, std::move(*connection));
}

}  // namespace

MaybeFinding find_done_again(const Session& session, const FindingScope& scope) {
  Finding finding{"done again", "", done_again_sql(scope.task_condition), {}};
  Result<ResultTable> table = done_again(session, scope, finding.sql);
  if (!table.ok()) return table.status();
  const Result<FoundRows> rows = rows_of(std::move(*table), &finding);
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return std::optional<Finding>();
  double again = 0;
  double spent = 0;
  for (const auto& row : *rows) {
    again += row[1].real;
    spent += row[2].real;
  }
  finding.sentence = counted(static_cast<uint64_t>(again), "task") +
                     " used and generated the same values as one before, under the same settings: "
                     "about " +
                     duration_text(spent) + " of work that gave nothing new; most of it in " +
                     rows->front()[0].text + ".";
  return std::optional<Finding>(std::move(finding));
}

}  // namespace headrace::query

#include "query/stragglers.h"

#include "query/json.h"
#include "store/database.h"

namespace headrace::query {

std::string stragglers_sql(const StragglerOptions& options) {
  std::string mine = "status = 'finished'";
  if (!options.workflow_id.empty()) {
    mine += " AND workflow_id = " + store::sql_text(options.workflow_id);
  }
  if (!options.campaign.empty()) mine += " AND campaign = " + store::sql_text(options.campaign);
  return "WITH mine AS (SELECT task_id, activity, workflow_id, duration_s, rank, hostname FROM "
         "task "
         "WHERE " +
         mine +
         "), usual AS (SELECT activity, workflow_id, median(duration_s) AS median_s, "
         "greatest(1.4826 * mad(duration_s), 0.05 * median(duration_s)) AS deviation_s FROM mine "
         "GROUP BY activity, workflow_id HAVING count(*) >= " +
         std::to_string(options.least_tasks) +
         ") SELECT m.task_id, m.activity, m.workflow_id, m.duration_s, u.median_s, "
         "m.duration_s / u.median_s AS times, m.duration_s - u.median_s AS excess_s, m.rank, "
         "m.hostname FROM mine m JOIN usual u ON u.activity = m.activity AND "
         "u.workflow_id = m.workflow_id WHERE m.duration_s > u.median_s + " +
         json_number(options.deviations) + " * u.deviation_s ORDER BY excess_s DESC";
}

Result<ResultTable> stragglers_of(const Session& session, const StragglerOptions& options) {
  Result<ResultTable> table = session.sql(stragglers_sql(options));
  if (!table.ok()) return table.status();
  for (const char* column : {"duration_s", "median_s", "excess_s"}) table->set_unit(column, "s");
  return table;
}

}  // namespace headrace::query

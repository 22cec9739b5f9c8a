#include "query/energy_tasks.h"

#include <cmath>
#include <utility>

#include "store/database.h"

namespace headrace::query {
namespace {

constexpr const char* kEnergy =
    "(SELECT task_id, sum(round(share_j * 1e6))::BIGINT AS uj, bool_or(attributed_j IS NULL) AS "
    "withheld, sqrt(sum(split_u95_j * split_u95_j)) AS split_j, sum(sensor_u95_j) AS sensor_j, "
    "CASE WHEN count(DISTINCT truth) FILTER (share_j <> 0) > 1 THEN 'mixed' ELSE "
    "coalesce(any_value(truth) FILTER (share_j <> 0), any_value(truth)) END AS truth FROM "
    "task_energy GROUP BY task_id)";

}  // namespace

Result<std::vector<EnergyTask>> energy_tasks(const Session& session, const EnergyScope& scope,
                                             const std::string& activity, bool all,
                                             bool with_used) {
  std::string where = scope.workflows("t.workflow_id") + " AND t.duration_s IS NOT NULL";
  if (!activity.empty()) {
    where += " AND t.activity = " + store::sql_text(activity);
  } else if (!all) {
    where += " AND t.parent_task_id IS NULL";
  }
  Result<ResultTable> rows = session.sql(
      "SELECT t.task_id::VARCHAR, t.workflow_id::VARCHAR, coalesce(w.name, ''), "
      "coalesce(t.activity, ''), coalesce(t.hostname, ''), coalesce(t.device, ''), "
      "coalesce(t.parent_task_id::VARCHAR, ''), t.status, epoch_ns(t.started_at), t.duration_s, "
      "e.uj, e.withheld, e.split_j, e.sensor_j, coalesce(e.truth, '')" +
      std::string(with_used ? ", t.used" : "") + " FROM task t LEFT JOIN " + kEnergy +
      " e ON e.task_id = t.task_id LEFT JOIN workflow w ON w.workflow_id = t.workflow_id WHERE " +
      where + " ORDER BY t.started_at, t.task_id");
  if (!rows.ok()) return rows.status();
  std::vector<EnergyTask> out;
  for (;;) {
    const Result<bool> more = rows->next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    for (size_t row = 0; row < rows->rows(); ++row) {
      const auto text = [&](size_t column) { return rows->cell(column, row).text; };
      const auto real = [&](size_t column) { return rows->cell(column, row).real; };
      EnergyTask& one = out.emplace_back();
      one.id = text(0);
      one.workflow_id = text(1);
      one.workflow = text(2);
      one.activity = text(3);
      one.hostname = text(4);
      one.device = text(5);
      one.parent_id = text(6);
      one.status = text(7);
      one.begin_ns = std::stoll("0" + text(8));
      one.duration_s = real(9);
      if (const Cell uj = rows->cell(10, row); !uj.is_null) one.energy_uj = std::llround(uj.real);
      one.withheld = real(11) != 0;
      one.split_u95_j = real(12);
      one.sensor_u95_j = real(13);
      one.truth = text(14);
      if (with_used) one.used = rows->json(15, row);
    }
  }
  if (out.empty() && !activity.empty()) {
    return not_found("no task of " + activity + " has ended in " + scope.of +
                     "; headrace ls tasks lists what there is");
  }
  return out;
}

}  // namespace headrace::query

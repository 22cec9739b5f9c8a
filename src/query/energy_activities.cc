#include "query/energy_activities.h"

#include <cmath>

#include "query/cell_value.h"

namespace headrace::query {
namespace {

std::string ran(const Thing* of) {
  if (of == nullptr) return "true";
  return std::string(
             "e.producer IN (SELECT DISTINCT producer FROM task_energy_row WHERE wf IN ("
             "SELECT wf FROM workflow_row WHERE ") +
         (of->kind == ThingKind::kCampaign ? "campaign" : "workflow") + " = '" + of->id + "'))";
}

}  // namespace

Result<std::vector<EnergyActivity>> energy_activities(const Session& session, const Thing* of) {
  const auto rows = session.rows(
      "WITH named AS (SELECT e.*, coalesce(a.name, '') AS name, string_agg(coalesce(a.name, ''), "
      "' + ') OVER (PARTITION BY e.producer, e.domain, e.group_activity ORDER BY a.name ROWS "
      "BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS joined FROM activity_energy_row e "
      "LEFT JOIN activity_row a ON a.activity = e.activity WHERE " +
      ran(of) +
      ") SELECT domain, name, resolution, CASE WHEN resolution = 'resolved' OR joined = name THEN "
      "'' "
      "ELSE joined END AS members, count(*), sum(tasks)::BIGINT, sum(time_s), sum(power_w * "
      "time_s) / "
      "nullif(sum(time_s), 0), sum(share_j), sum(group_j), sum(group_u95_j), sum(windows)::BIGINT "
      "FROM named GROUP BY ALL ORDER BY domain, sum(group_j) DESC, members, sum(share_j) DESC, "
      "name");
  if (!rows.ok()) return rows.status();
  std::vector<EnergyActivity> out;
  for (const auto& row : *rows) {
    EnergyActivity& one = out.emplace_back();
    one.domain = row[0].text;
    one.activity = row[1].text;
    one.resolution = row[2].text;
    one.group = row[3].text;
    one.processes = whole_of(row[4]);
    one.tasks = whole_of(row[5]);
    one.time_s = row[6].real;
    if (!row[7].is_null) one.power_w = row[7].real;
    one.share_j = row[8].real;
    one.group_j = row[9].real;
    one.group_u95_j = row[10].real;
    one.windows = whole_of(row[11]);
  }
  return out;
}

}  // namespace headrace::query

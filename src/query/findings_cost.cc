// What dominates time and energy. A task's own part is what does not belong to tasks inside it.
#include "query/emulated_domains.h"
#include "query/findings.h"
#include "query/units.h"

namespace headrace::query {

MaybeFinding find_time(const Session& session, const FindingScope& scope) {
  Finding finding{"time",
                  "",
                  "WITH mine AS (SELECT task_id, parent_task_id, activity, duration_s FROM task "
                  "WHERE " +
                      scope.task_condition +
                      "), inside AS (SELECT parent_task_id AS task_id, sum(duration_s) AS seconds "
                      "FROM mine WHERE parent_task_id IS NOT NULL GROUP BY ALL) "
                      "SELECT m.activity, count(*) AS tasks, sum(greatest(0, m.duration_s - "
                      "coalesce(i.seconds, 0))) AS own_s FROM mine m LEFT JOIN inside i ON "
                      "i.task_id = m.task_id GROUP BY ALL HAVING own_s IS NOT NULL "
                      "ORDER BY own_s DESC",
                  {}};
  const Result<FoundRows> rows = rows_of(session, &finding);
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return std::optional<Finding>();
  double total = 0;
  double tasks = 0;
  for (const auto& row : *rows) {
    total += row[2].real;
    tasks += row[1].real;
  }
  const auto& most = rows->front();
  finding.sentence = most[0].text + " takes most time: " + percent(most[2].real, total) + " of " +
                     duration_text(total) + " of work in " +
                     counted(static_cast<uint64_t>(tasks), "task") + " (" +
                     counted(static_cast<uint64_t>(most[1].real), "task") + ", " +
                     duration_text(most[2].real / most[1].real) + " each on average).";
  return std::optional<Finding>(std::move(finding));
}

MaybeFinding find_energy(const Session& session, const FindingScope& scope) {
  Finding finding{
      "energy",
      "",
      "WITH mine AS (SELECT t.task_id, t.parent_task_id, t.activity, e.domain, e.share_j, "
      "e.truth FROM task_energy e JOIN (SELECT task_id, parent_task_id, activity FROM task WHERE " +
          scope.task_condition +
          ") t ON t.task_id = e.task_id), inside AS (SELECT parent_task_id AS task_id, domain, "
          "sum(share_j) AS joules FROM mine WHERE parent_task_id IS NOT NULL GROUP BY ALL) "
          "SELECT m.domain, m.activity, count(*) AS tasks, sum(greatest(0, m.share_j - "
          "coalesce(i.joules, 0))) AS own_j, CASE WHEN count(DISTINCT m.truth) > 1 THEN 'mixed' "
          "ELSE any_value(m.truth) END AS truth FROM mine m LEFT JOIN inside i ON i.task_id = "
          "m.task_id AND i.domain = m.domain GROUP BY m.domain, m.activity HAVING own_j IS NOT "
          "NULL ORDER BY own_j DESC",
      {}};
  const Result<FoundRows> rows = rows_of(session, &finding);
  if (!rows.ok()) return rows.status();
  if (rows->empty()) return std::optional<Finding>();
  // Domains may lie in each other, so only shares of one of them mean anything.
  const auto& most = rows->front();
  double total = 0;
  for (const auto& row : *rows) total += row[0].text == most[0].text ? row[3].real : 0;
  const Result<EmulatedDomains> emulated = EmulatedDomains::read(session);
  if (!emulated.ok()) return emulated.status();
  const std::string truth = emulated->shown(most[0].text, most[4].text);
  finding.sentence = most[1].text + " takes most energy: " + percent(most[3].real, total) + " of " +
                     (truth == "measured" ? "" : "≈ ") + si_text(total, "J") + " in " +
                     most[0].text + " (" + truth + ").";
  return std::optional<Finding>(std::move(finding));
}

}  // namespace headrace::query

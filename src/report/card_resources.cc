// 4.3 Resource Usage: energy with how it is known, then what the sensors read.
#include <utility>

#include "model/emulated.h"
#include "query/units.h"
#include "report/card_parts.h"

namespace headrace::report {
namespace {

Result<std::string> energy(const Scope& scope) {
  // Of the tasks that lie in no other; coverage weighs each by its time.
  const auto rows = scope.session->rows(
      "SELECT e.domain, sum(e.share_j), sum(e.u95_j), sum(e.coverage * t.duration_s) / "
      "nullif(sum(t.duration_s), 0), e.truth, e.method, coalesce(e.assumption, ''), count(*) FROM "
      "task_energy e JOIN (SELECT task_id, duration_s FROM task WHERE " +
      scope.is_this() +
      " AND parent_task_id IS NULL) t ON t.task_id = e.task_id WHERE e.share_j IS NOT NULL "
      "GROUP BY e.domain, e.truth, e.method, e.assumption ORDER BY e.domain, 2 DESC, e.method");
  if (!rows.ok()) return rows.status();
  std::string out = "#### Energy\n\n";
  if (rows->empty()) {
    return out +
           "No energy was recorded: telemetry was off, or saw no source of it. `headrace doctor` "
           "lists the sources.\n\n";
  }
  MarkdownTable table(
      {"Domain", ">Energy", ">± 95 %", ">Coverage", "Truth", "Method", "Assumption", ">Tasks"});
  for (const Row& row : *rows) {
    const std::string truth = scope.emulated.shown(row[0].text, row[4].text);
    table.row(
        {markdown_text(row[0].text), joules_text(row[1].real, truth), quantity_text(row[2], "J"),
         row[3].is_null ? "–" : query::number_text(100 * row[3].real, 3) + " %", truth,
         markdown_text(row[5].text), row[6].text.empty() ? "none" : markdown_text(row[6].text),
         query::grouped(static_cast<uint64_t>(row[7].real))});
  }
  return out + table.text() +
         "Coverage is the share of the tasks' time in which the sensors were read. Domains may "
         "overlap "
         "(a package holds its cores), so their rows are not to be added up.\n\n";
}

struct Group {
  const char* title;
  const char* condition;  // on what a sensor measures
};
constexpr Group kGroups[] = {
    {"CPU", "quantity IN ('process.cpu.time', 'system.cpu.time') AND domain <> 'process/sampler'"},
    {"Memory", "quantity LIKE '%.memory.usage'"},
    {"Process", "quantity IN ('process.thread.count', 'process.paging.faults')"},
    {"GPU", "domain LIKE '%gpu%' AND unit <> 'J'"},
    {"Disk", "quantity LIKE '%disk%' OR quantity = 'process.io'"},
    {"Network", "quantity LIKE 'system.network%'"},
};

Result<std::string> readings(const Scope& scope) {
  const std::string processes =
      "(SELECT DISTINCT hostname, pid FROM task WHERE " + scope.is_this() +
      " UNION SELECT hostname, pid FROM workflow WHERE " + scope.is_this() + ")";
  const std::string until =
      scope.end_ns ? " AND p.time <= make_timestamp_ns(" + std::to_string(*scope.end_ns) + ")" : "";
  // A counter says by how much it grew, a gauge what it read.
  const std::string sql =
      "WITH own AS (FROM " + processes +
      "), read AS (SELECT s.name, s.quantity, s.unit, CASE WHEN s.truth <> 'estimated'  AND "
      "s.source <> 'proc' AND s.assumption = '" +
      kEmulatedAssumption + "' THEN '" + kEmulatedTruth +
      "' ELSE s.truth END AS truth, coalesce(s.domain, '') AS domain, "
      "s.kind, s.sensor_id, min(p.value) AS low, avg(p.value) AS mean, max(p.value) AS high, "
      "count(*) "
      "AS n FROM sensor s JOIN sample p ON p.sensor_id = s.sensor_id WHERE (s.hostname, s.pid) IN "
      "(FROM "
      "own) AND p.time >= make_timestamp_ns(" +
      std::to_string(scope.start_ns) + ")" + until +
      " AND p.value IS NOT NULL GROUP BY ALL), figures AS (SELECT name, quantity, unit, truth, "
      "domain, "
      "kind, CASE WHEN kind = 'counter' THEN sum(high - low) END AS total, CASE WHEN kind <> "
      "'counter' "
      "THEN sum(mean * n) / sum(n) END AS mean, CASE WHEN kind <> 'counter' THEN max(high) END AS "
      "most, "
      "count(*) AS sensors FROM read GROUP BY name, quantity, unit, truth, domain, kind) ";
  std::string out;
  for (const Group& group : kGroups) {
    const auto rows = scope.session->rows(
        sql +
        "SELECT name, unit, truth, total, mean, most, sensors "
        "FROM figures WHERE (" +
        group.condition + ") AND coalesce(total, 1) <> 0 ORDER BY name, truth, unit");
    if (!rows.ok()) return rows.status();
    if (rows->empty()) continue;
    MarkdownTable table({"Sensor", ">In all", ">Mean", ">Most", "Truth", ">Sensors"});
    for (const Row& row : *rows) {
      const std::string& unit = row[1].text;
      table.row({markdown_text(row[0].text), quantity_text(row[3], unit),
                 quantity_text(row[4], unit), quantity_text(row[5], unit), row[2].text,
                 query::grouped(static_cast<uint64_t>(row[6].real))});
    }
    out += std::string("#### ") + group.title + "\n\n" + table.text();
  }
  return out.empty() ? out : out + "Counters that did not move are left out.\n\n";
}

}  // namespace

Result<std::string> card_resources(const CardSubject& subject) {
  std::string out = "### 4.3 Resource Usage\n\n";
  for (const auto part : {energy, readings}) {
    const Result<std::string> text = part(*subject.scope);
    if (!text.ok()) return text.status();
    out += *text;
  }
  return out;
}

}  // namespace headrace::report

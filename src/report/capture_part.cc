// What capture saw of a campaign, what it lost, what it cost.
#include <filesystem>
#include <system_error>
#include <utility>

#include "query/units.h"
#include "report/campaign_part.h"

namespace headrace::report {
namespace {

using query::Json;

Result<Json> single_count(const Scope& scope, const std::string& from) {
  const auto rows = scope.session->rows("SELECT count(*) FROM " + from);
  if (!rows.ok()) return rows.status();
  return integer_of(rows->at(0)[0]);
}

// Tasks and workflows of the campaign, as an edge or a log line names them.
std::string members_sql(const Scope& scope) {
  return "(SELECT task_id AS id FROM task WHERE " + scope.is_this() +
         " UNION ALL SELECT workflow_id FROM workflow WHERE " + scope.is_this() + ")";
}

std::string data_edges_sql(const Scope& scope) {
  return "(SELECT from_id AS object FROM edge WHERE relation = 'used' AND to_id IN (FROM " +
         members_sql(scope) +
         ") UNION ALL SELECT to_id FROM edge WHERE relation = 'generated' AND from_id IN (FROM " +
         members_sql(scope) + "))";
}

// Processes that wrote the campaign's workflows or tasks.
std::string processes_sql(const Scope& scope) {
  return "(SELECT DISTINCT hostname, pid FROM task WHERE " + scope.is_this() +
         " UNION SELECT hostname, pid FROM workflow WHERE " + scope.is_this() + ")";
}

Result<Json> gaps_json(const Scope& scope, int64_t* lost) {
  const auto rows = scope.session->rows(
      "SELECT g.producer::VARCHAR, g.hostname, g.pid, g.reason, sum(g.count)::BIGINT FROM gap g"
      " WHERE g.hostname IS NULL OR (g.hostname, g.pid) IN (FROM " +
      processes_sql(scope) + ") GROUP BY ALL ORDER BY 5 DESC, 1, 4");
  if (!rows.ok()) return rows.status();
  Json::List out;
  for (const Row& row : *rows) {
    *lost += static_cast<int64_t>(row[4].real);
    out.emplace_back(Json::Map{{"producer", row[0].text},
                               {"hostname", text_of(row[1])},
                               {"pid", integer_of(row[2])},
                               {"reason", row[3].text},
                               {"count", integer_of(row[4])}});
  }
  return Json(std::move(out));
}

// The sampler's own CPU time beside that of the processes it ran in. The last reading of each
// process counts: both sensors count up from the process's start.
Result<Json> overhead_json(const Scope& scope) {
  const auto rows = scope.session->rows(
      "SELECT sum(last) FILTER (sensor = 'headrace.sampler.cpu_time'),"
      " sum(last) FILTER (sensor = 'process.cpu_time') FROM (SELECT sensor_id, sensor,"
      " max(value) AS last FROM sample WHERE sensor IN ('headrace.sampler.cpu_time',"
      " 'process.cpu_time') AND (hostname, pid) IN (FROM " +
      processes_sql(scope) + ") GROUP BY ALL)");
  if (!rows.ok()) return rows.status();
  const Row& row = rows->at(0);
  Json::List out;
  if (row[0].is_null || row[1].is_null || row[1].real <= 0) return Json(std::move(out));
  out.emplace_back(
      Json::Map{{"name", "Telemetry's own CPU time"},
                {"value", query::number_text(100 * row[0].real / row[1].real, 2) +
                              " % of the processes' (" + query::si_text(row[0].real, "s") + " of " +
                              query::duration_text(row[1].real) + ")"}});
  return Json(std::move(out));
}

Json store_bytes(const Scope& scope) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(scope.session->root() / "store.duckdb", error);
  return error ? Json() : Json(static_cast<int64_t>(bytes));
}

}  // namespace

Result<Json> capture_json(const Scope& scope) {
  const std::pair<const char*, std::string> counts[] = {
      {"workflows", "workflow WHERE " + scope.is_this()},
      {"tasks", "task WHERE " + scope.is_this()},
      {"samples", "sample WHERE (hostname, pid) IN (FROM " + processes_sql(scope) + ")"},
      {"log_lines",
       "log WHERE workflow_id IN (SELECT workflow_id FROM workflow WHERE " + scope.is_this() + ")"},
      {"damaged_frames", "quarantine"},
  };
  Json::Map out;
  for (const auto& [name, from] : counts) {
    Result<Json> count = single_count(scope, from);
    if (!count.ok()) return count.status();
    out.emplace_back(name, std::move(*count));
  }
  const auto edges =
      scope.session->rows("SELECT count(*), count(DISTINCT object) FROM " + data_edges_sql(scope));
  if (!edges.ok()) return edges.status();
  out.emplace_back("edges", integer_of(edges->at(0)[0]));
  out.emplace_back("objects", integer_of(edges->at(0)[1]));
  int64_t lost = 0;
  Result<Json> gaps = gaps_json(scope, &lost);
  if (!gaps.ok()) return gaps.status();
  Result<Json> overhead = overhead_json(scope);
  if (!overhead.ok()) return overhead.status();
  out.emplace_back("lost_records", lost);
  out.emplace_back("gaps", std::move(*gaps));
  out.emplace_back("store_bytes", store_bytes(scope));
  out.emplace_back("overhead", std::move(*overhead));
  return Json(std::move(out));
}

}  // namespace headrace::report

#include "report/campaign_part.h"

#include <unordered_map>
#include <utility>

#include "query/emulated_domains.h"

namespace headrace::report {
namespace {

using query::Cell;
using query::Json;
using store::sql_text;

constexpr double kNsPerSecond = 1e9;

double seconds(int64_t ns) { return static_cast<double>(ns) / kNsPerSecond; }

Json found_or_null(const std::unordered_map<std::string, query::EnergySum>& sums,
                   const std::string& key) {
  const auto found = sums.find(key);
  return found == sums.end() ? Json() : energy_json(found->second);
}

struct TaskCounts {
  int64_t tasks = 0;
  int64_t failed = 0;
};

Result<std::unordered_map<std::string, TaskCounts>> counts_by_workflow(const Scope& scope) {
  const auto rows = scope.session->rows(
      "SELECT workflow_id, count(*), count(*) FILTER (status IN ('failed', 'lost')) FROM task "
      "WHERE " +
      scope.is_this() + " GROUP BY workflow_id");
  if (!rows.ok()) return rows.status();
  std::unordered_map<std::string, TaskCounts> out;
  for (const Row& row : *rows) {
    out[row[0].text] = {static_cast<int64_t>(row[1].real), static_cast<int64_t>(row[2].real)};
  }
  return out;
}

Result<int64_t> count_of(const Scope& scope, const std::string& from) {
  const auto rows = scope.session->rows("SELECT count(*) FROM " + from);
  if (!rows.ok()) return rows.status();
  return static_cast<int64_t>(rows->at(0)[0].real);
}

}  // namespace

Result<Json> of_json(const Scope& scope) {
  const auto rows = scope.session->rows(
      scope.is_workflow()
          ? "SELECT 1, (SELECT count(*) FROM task WHERE " + scope.is_this() +
                "), tags, note, campaign FROM workflow WHERE " + scope.is_this()
          : "SELECT workflows, tasks, tags, note, name FROM campaign WHERE campaign_id = " +
                sql_text(scope.of.id));
  if (!rows.ok()) return rows.status();
  const auto hosts = scope.session->rows("SELECT DISTINCT hostname FROM workflow WHERE " +
                                         scope.is_this() + " AND hostname IS NOT NULL ORDER BY 1");
  if (!hosts.ok()) return hosts.status();
  Json::List hostnames;
  for (const Row& row : *hosts) hostnames.push_back(text_of(row[0]));
  const Row& row = rows->at(0);
  return Json(Json::Map{
      {"kind", std::string(query::name_of(scope.of.kind))},
      {"id", scope.of.id},
      {"name", scope.of.name},
      {"campaign", text_of(row[4])},
      {"started_at", instant_text(scope.start_ns)},
      {"duration_s", scope.end_ns ? Json(seconds(*scope.end_ns - scope.start_ns)) : Json()},
      {"workflows", integer_of(row[0])},
      {"tasks", integer_of(row[1])},
      {"tags", tag_words(row[2])},
      {"note", text_of(row[3])},
      {"hostnames", std::move(hostnames)},
      {"energy", found_or_null(scope.root_energy, "")}});
}

Result<Json> workflows_json(const Scope& scope) {
  const auto rows = scope.session->rows(
      "SELECT workflow_id, name, parent_workflow_id, status, started_at, duration_s, hostname, pid,"
      " command, exit_code FROM workflow WHERE " +
      scope.is_this() + " ORDER BY started_at, workflow_id");
  if (!rows.ok()) return rows.status();
  auto counts = counts_by_workflow(scope);
  if (!counts.ok()) return counts.status();
  Json::List out;
  for (const Row& row : *rows) {
    const TaskCounts count = (*counts)[row[0].text];
    out.emplace_back(
        Json::Map{{"workflow_id", row[0].text},
                  {"name", row[1].text},
                  // A parent outside the campaign is not in this list.
                  {"parent_workflow_id",
                   scope.workflow_names.contains(row[2].text) ? text_of(row[2]) : Json()},
                  {"status", row[3].text},
                  {"start_s", seconds(row[4].time_ns - scope.start_ns)},
                  {"duration_s", real_of(row[5])},
                  {"hostname", row[6].text},
                  {"pid", integer_of(row[7])},
                  {"command", text_of(row[8])},
                  {"exit_code", integer_of(row[9])},
                  {"tasks", count.tasks},
                  {"failed", count.failed},
                  {"energy", found_or_null(scope.root_energy, row[0].text)}});
  }
  return Json(std::move(out));
}

Result<Json> tasks_json(const Scope& scope, uint64_t most, const TaskLimits& limits) {
  const Result<int64_t> total = count_of(scope, "task WHERE " + scope.is_this());
  if (!total.ok()) return total.status();
  std::unordered_map<std::string, size_t> workflow_index;
  for (size_t i = 0; i < scope.workflows.size(); ++i) workflow_index[scope.workflows[i]] = i;

  Result<query::ResultTable> table = scope.session->sql(
      "SELECT task_id, parent_task_id, workflow_id, activity, status, started_at, ended_at,"
      " hostname, pid, thread, rank, used, generated, error FROM task WHERE " +
      scope.is_this() +
      " ORDER BY status IN ('failed', 'lost') DESC, parent_task_id IS NULL DESC,"
      " duration_s DESC NULLS FIRST LIMIT " +
      std::to_string(most));
  if (!table.ok()) return table.status();
  std::vector<TaskRow> rows;
  for (;;) {
    const Result<bool> batch = table->next();
    if (!batch.ok()) return batch.status();
    if (!*batch) break;
    for (size_t r = 0; r < table->rows(); ++r) {
      const auto cell = [&](size_t column) { return table->cell(column, r); };
      TaskRow row;
      row.id = Uuid::parse(cell(0).text).value_or(Uuid{});
      row.parent = Uuid::parse(cell(1).text).value_or(Uuid{});
      const auto workflow = workflow_index.find(cell(2).text);
      if (workflow == workflow_index.end()) continue;
      row.workflow = workflow->second;
      row.activity = cell(3).text;
      row.status = cell(4).text;
      const int64_t started_ns = cell(5).time_ns;
      row.start_ns = started_ns - scope.start_ns;
      if (const Cell ended = cell(6); !ended.is_null) row.duration_ns = ended.time_ns - started_ns;
      row.hostname = cell(7).text;
      if (const Cell pid = cell(8); !pid.is_null) row.pid = static_cast<int64_t>(pid.real);
      row.thread = cell(9).text;
      if (const Cell rank = cell(10); !rank.is_null) row.rank = static_cast<int64_t>(rank.real);
      const auto energy = scope.task_energy.find(cell(0).text);
      if (energy != scope.task_energy.end() && energy->second.joules) {
        row.energy_j = *energy->second.joules;
      }
      const auto values = [&](size_t column) -> std::string {
        const Cell json = cell(column);
        if (json.is_null || json.text == "{}") return {};
        return with_object_names(json.text, scope.object_names);
      };
      row.used = values(11);
      row.generated = values(12);
      row.error = error_text(cell(13));
      rows.push_back(std::move(row));
    }
  }
  return task_table(std::move(rows), static_cast<size_t>(*total), limits);
}

Result<Json> energy_part_json(const Scope& scope) {
  const auto methods = scope.session->rows(
      "SELECT e.domain, e.method, e.truth, coalesce(e.assumption, ''), count(*) FROM task_energy e"
      " JOIN task t ON t.task_id = e.task_id WHERE t." +
      scope.is_this() + " AND e.attributed_j IS NOT NULL GROUP BY ALL ORDER BY 5 DESC, 1, 2, 3, 4");
  if (!methods.ok()) return methods.status();
  Json::List method_list;
  for (const Row& row : *methods) {
    method_list.emplace_back(Json::Map{{"domain", row[0].text},
                                       {"method", row[1].text},
                                       {"truth", scope.emulated.shown(row[0].text, row[2].text)},
                                       {"assumption", row[3].text},
                                       {"tasks", integer_of(row[4])}});
  }
  // Every process has sensors of its own; here they count by what they are.
  const auto sensors = scope.session->rows(
      "SELECT s.name, s.quantity, s.unit, s.domain, s.source, s.truth, s.method, s.assumption,"
      " count(DISTINCT s.sensor_id), count(p.time) FROM sensor s JOIN sample p ON p.sensor_id = "
      "s.sensor_id"
      " WHERE s.hostname IN (SELECT hostname FROM workflow WHERE " +
      scope.is_this() + ") AND p.time >= make_timestamp_ns(" + std::to_string(scope.start_ns) +
      ")" +
      (scope.end_ns ? " AND p.time <= make_timestamp_ns(" + std::to_string(*scope.end_ns) + ")"
                    : "") +
      " GROUP BY s.name, s.quantity, s.unit, s.domain, s.source, s.truth, s.method, s.assumption "
      "ORDER BY s.truth = 'estimated' DESC, s.quantity LIKE '%energy%' DESC, s.name");
  if (!sensors.ok()) return sensors.status();
  Json::List sensor_list;
  for (const Row& row : *sensors) {
    const std::string truth = query::shown_truth(row[5].text, row[7].text);
    sensor_list.emplace_back(Json::Map{{"name", row[0].text},
                                       {"quantity", row[1].text},
                                       {"unit", row[2].text},
                                       {"domain", text_of(row[3])},
                                       {"source", row[4].text},
                                       {"truth", truth},
                                       {"method", text_of(row[6])},
                                       {"assumption", text_of(row[7])},
                                       {"sensors", integer_of(row[8])},
                                       {"samples", integer_of(row[9])}});
  }
  return Json(Json::Map{{"methods", std::move(method_list)}, {"sensors", std::move(sensor_list)}});
}

}  // namespace headrace::report

// What Headrace itself cost the programs it recorded: CPU time of its threads, bytes, joules.
//
// The sampler's thread is a sensor of its process, and its drain thread's time is told when a
// process ends; what the calls in the program's own threads cost is not measured here
// (docs/measurements). Their joules are estimated: the part of the processors' energy that a
// process's tasks were given which its CPU time bears to the process's.
#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "energy/domain_name.h"
#include "query/answer_table.h"
#include "query/energy_question.h"
#include "query/energy_reach.h"
#include "query/json_or_null.h"
#include "query/own_energy.h"
#include "query/units.h"
#include "query/utf8.h"

namespace headrace::query {
namespace {

constexpr const char* kProcesses = R"sql(
WITH ran AS (
  SELECT DISTINCT t.producer FROM (SELECT producer, wf FROM task_slots UNION ALL
    SELECT producer, wf FROM open_task) t JOIN workflow_row w ON w.wf = t.wf WHERE @scope
  UNION SELECT w.producer FROM workflow_row w WHERE @scope),
read AS (
  SELECT s.producer, count(DISTINCT s.sensor) AS sensors, count(*) AS samples,
    (max(m.ts) - min(m.ts)) / 1e9 AS span_s,
    max(m.raw * s.scale) FILTER (s.name = 'headrace.sampler.cpu_time') AS sampler_s,
    max(m.raw * s.scale) FILTER (s.name = 'headrace.sampler.sweeps') AS sweeps,
    max(m.raw * s.scale) FILTER (s.name = 'process.cpu_time') AS process_s
  FROM sensor_row s JOIN sample_row m ON m.sensor = s.sensor
  WHERE m.flags & 1 = 0 AND s.producer IN (SELECT producer FROM ran) GROUP BY 1)
SELECT p.producer, coalesce(p.hostname, ''), p.pid, coalesce(r.sensors, 0), coalesce(r.samples, 0),
  r.sweeps / nullif(r.span_s, 0), r.sampler_s, TRY_CAST(p.facts::JSON->>'$.drain_cpu_ns' AS BIGINT)
  / 1e9, r.process_s, TRY_CAST(p.facts::JSON->>'$.records' AS BIGINT),
  TRY_CAST(p.facts::JSON->>'$.bytes' AS BIGINT)
FROM producer_row p LEFT JOIN read r ON r.producer = p.producer
WHERE p.producer IN (SELECT producer FROM ran) ORDER BY 2, 3, 1)sql";

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

struct Cost {
  int64_t processes = 0;
  int64_t told = 0;  // of these: their time and that of their capture are known
  int64_t records = 0;
  int64_t samples = 0;
  int64_t bytes = 0;
  double own_s = 0;
  double process_s = 0;
  double own_j = 0;
  double processors_j = 0;
  double all_j = 0;

  void add(const Cost& other) {
    processes += other.processes;
    told += other.told;
    records += other.records;
    samples += other.samples;
    bytes += other.bytes;
    own_s += other.own_s;
    process_s += other.process_s;
    own_j += other.own_j;
    processors_j += other.processors_j;
    all_j += other.all_j;
  }
  Json::Map json() const {
    const bool known = told > 0 && process_s > 0;
    return {{"processes", processes},
            {"processes_told", told},
            {"records", records},
            {"samples", samples},
            {"bytes", bytes > 0 ? Json(bytes) : Json()},
            {"own_cpu_s", known ? Json(own_s) : Json()},
            {"process_cpu_s", known ? Json(process_s) : Json()},
            {"cpu_share", known ? Json(own_s / process_s) : Json()},
            {"own_j", known && processors_j > 0 ? Json(own_j) : Json()},
            {"processors_j", Json(processors_j)},
            {"energy_j", Json(all_j)},
            {"energy_share", known && all_j > 0 ? Json(own_j / all_j) : Json()},
            {"truth", "estimated"}};
  }
};

struct Joules {
  double processors = 0;
  double all = 0;
};

// What a process's tasks used, and of it in processors and memory.
Result<std::map<int64_t, Joules>> joules_by_process(const Session& session,
                                                    const EnergyScope& scope) {
  const Result<std::string> reach = energy_reach(session, scope.asked());
  if (!reach.ok()) return reach.status();
  const auto rows = session.rows(
      with_own_energy(*reach) +
      "SELECT o.producer, o.domain, sum(o.uj)::BIGINT FROM own_energy o LEFT JOIN workflow_row w "
      "ON w.wf = o.wf WHERE " +
      scope.workflows("w.workflow") + " GROUP BY ALL");
  if (!rows.ok()) return rows.status();
  std::map<int64_t, Joules> out;
  for (const auto& row : *rows) {
    Joules& one = out[whole_of(row[0])];
    const double joules = row[2].real * 1e-6;
    one.all += joules;
    if (energy::is_processor_side(row[1].text) || row[1].text == "node") one.processors += joules;
  }
  return out;
}

// The joules that tasks of the activity `telemetry` were given: the sampler's own, where recorded.
Result<Json> of_telemetry_tasks(const Session& session, const EnergyScope& scope) {
  const auto rows = session.rows(
      "SELECT count(DISTINCT (e.producer, e.seq)), sum(coalesce(e.share_j, e.attributed_j)) FROM "
      "task_energy_row e JOIN activity_row a ON a.activity = e.activity JOIN workflow_row w ON "
      "w.wf = e.wf WHERE a.name = 'telemetry' AND " +
      scope.workflows("w.workflow"));
  if (!rows.ok()) return rows.status();
  const auto& row = (*rows)[0];
  return row[1].is_null ? Json()
                        : Json(Json::Map{{"tasks", whole_of(row[0])}, {"energy_j", row[1].real}});
}

}  // namespace

Result<EnergyAnswer> energy_capture(const Session& session, const EnergyScope& scope,
                                    const EnergyQuestion& question) {
  const auto joules = joules_by_process(session, scope);
  if (!joules.ok()) return joules.status();
  const auto rows = session.rows(replaced(kProcesses, "@scope", scope.workflows("w.workflow")));
  if (!rows.ok()) return rows.status();
  AnswerTable processes({{"hostname", "node"},
                         {"pid", "pid", ColumnKind::kInteger},
                         {"detail", "detail"},
                         {"records", "records", ColumnKind::kInteger},
                         {"samples", "samples", ColumnKind::kInteger},
                         {"bytes", "written", ColumnKind::kInteger, "B"},
                         {"sampler_cpu_s", "sampler", ColumnKind::kReal, "s"},
                         {"drain_cpu_s", "drain", ColumnKind::kReal, "s"},
                         {"process_cpu_s", "process", ColumnKind::kReal, "s"},
                         {"cpu_share", "share", ColumnKind::kReal},
                         {"own_j", "energy", ColumnKind::kReal, "J"}});
  Cost total;
  std::map<std::string, Cost> details;
  for (const auto& row : *rows) {
    const auto real = [&](size_t at) {
      return row[at].is_null ? std::nullopt : std::optional(row[at].real);
    };
    const auto whole = [&](size_t at) { return whole_of(row[at]); };
    const std::optional<double> hz = real(5);
    const std::string detail = hz ? counted(static_cast<uint64_t>(whole(3)), "sensor") + " at " +
                                        number_text(*hz, 2) + " Hz"
                               : whole(4) > 0 ? counted(static_cast<uint64_t>(whole(3)), "sensor")
                                              : "no telemetry";
    const auto found = joules->find(whole(0));
    const Joules used = found == joules->end() ? Joules{} : found->second;
    Cost one;
    one.processes = 1;
    one.records = whole(9);
    one.samples = whole(4);
    one.bytes = whole(10);
    one.processors_j = used.processors;
    one.all_j = used.all;
    const std::optional<double> process = real(8);
    Json share;
    Json own_j;
    if (process && *process > 0 && (real(6) || real(7))) {
      one.told = 1;
      one.own_s = real(6).value_or(0) + real(7).value_or(0);
      one.process_s = *process;
      one.own_j = used.processors * std::min(1.0, one.own_s / *process);
      share = one.own_s / *process;
      if (used.processors > 0) own_j = one.own_j;
    }
    total.add(one);
    details[detail].add(one);
    processes.add({row[1].text, whole(2), detail, one.records, one.samples,
                   row[10].is_null ? Json() : Json(one.bytes), json_or_null(real(6)),
                   json_or_null(real(7)), json_or_null(process), share, own_j});
  }
  AnswerTable by_detail({{"detail", "detail"},
                         {"processes", "processes", ColumnKind::kInteger},
                         {"samples", "samples", ColumnKind::kInteger},
                         {"own_cpu_s", "capture", ColumnKind::kReal, "s"},
                         {"process_cpu_s", "processes' time", ColumnKind::kReal, "s"},
                         {"cpu_share", "share", ColumnKind::kReal},
                         {"own_j", "≈ energy", ColumnKind::kReal, "J"},
                         {"energy_share", "of all energy", ColumnKind::kReal}});
  Json::List detail_facts;
  for (const auto& [detail, cost] : details) {
    Json::Map map = cost.json();
    const Json one(map);
    by_detail.add({detail, cost.processes, cost.samples, one["own_cpu_s"], one["process_cpu_s"],
                   one["cpu_share"], one["own_j"], one["energy_share"]});
    map.insert(map.begin(), {"detail", detail});
    detail_facts.emplace_back(std::move(map));
  }
  const Result<Json> telemetry = of_telemetry_tasks(session, scope);
  if (!telemetry.ok()) return telemetry.status();
  const Json sum(total.json());
  std::string text = "What capture itself cost " + scope.of + ": ";
  if (total.told == 0) {
    text += "not known; no process has told its CPU time\n";
  } else {
    text += si_text(total.own_s, "s") + " of " + si_text(total.process_s, "s") + " CPU time in " +
            counted(static_cast<uint64_t>(total.told), "process") + " (" +
            number_text(100 * total.own_s / total.process_s, 2) + " %)";
    if (total.processors_j > 0) {
      text += ", ≈ " + si_text(total.own_j, "J") + " of " + si_text(total.all_j, "J");
    }
    text += "\n\n" + by_detail.text() + "\n" + processes.text();
  }
  text +=
      "sampler and drain: Headrace's own threads; its calls in the program's threads are not in "
      "it\n";
  return EnergyAnswer{Json::Map{{"of", scope.of},
                                {"total", sum},
                                {"by_detail", std::move(detail_facts)},
                                {"telemetry_tasks", *telemetry},
                                {"processes", processes.json(question.limit)}},
                      terminal_lines(text)};
}

}  // namespace headrace::query

// The answer as tables, as a person reads it, and as JSON.
#include "query/json_or_null.h"
#include "query/nearest.h"
#include "query/shown_document.h"
#include "query/table_builder.h"
#include "query/thermal.h"
#include "query/units.h"
#include "query/utf8.h"

namespace headrace::query {
namespace {

std::string celsius_text(const std::optional<double>& celsius) {
  return celsius ? number_text(*celsius, 3) + " °C" : "-";
}

Json run_json(const ThermalRun& run) {
  Json::List seconds;
  Json::List celsius;
  for (const HeatPoint& point : run.trajectory) {
    seconds.emplace_back(point.seconds);
    celsius.emplace_back(point.celsius);
  }
  return Json::Map{
      {"config", run.label},
      {"task_id", run.task_id.text()},
      {"hostname", run.hostname},
      {"time_s", run.time_s},
      {"peak_c", json_or_null(run.peak_c)},
      {"mean_c", json_or_null(run.mean_c)},
      {"above_s", json_or_null(run.above_s)},
      {"throttled_s", json_or_null(run.throttled_s)},
      {"coverage", run.coverage},
      {"trajectory", Json::Map{{"seconds", std::move(seconds)}, {"celsius", std::move(celsius)}}}};
}

Json throttling_json(const ThrottlingTime& one) {
  Json::List hit;
  for (const HitTask& task : one.hit) {
    hit.emplace_back(Json::Map{{"task_id", task.task_id.text()},
                               {"activity", task.activity},
                               {"config", task.run},
                               {"seconds", task.seconds}});
  }
  return Json::Map{{"hostname", one.hostname},
                   {"device", one.device},
                   {"domain", one.domain},
                   {"begin_ns", one.span.begin_ns},
                   {"end_ns", one.span.end_ns},
                   {"seconds", seconds_of(one.span)},
                   {"reasons", throttle_text(one.reasons)},
                   {"bits", static_cast<int64_t>(one.reasons)},
                   {"tasks", std::move(hit)}};
}

}  // namespace

ResultTable thermal_table(const Thermal& answer) {
  TableBuilder table({{"config", ColumnKind::kText, ""},
                      {"peak_c", ColumnKind::kReal, ""},
                      {"mean_c", ColumnKind::kReal, ""},
                      {"above_s", ColumnKind::kReal, "s"},
                      {"throttled_s", ColumnKind::kReal, "s"},
                      {"time_s", ColumnKind::kReal, "s"},
                      {"coverage", ColumnKind::kReal, ""},
                      {"hostname", ColumnKind::kText, ""},
                      {"task_id", ColumnKind::kId, ""}});
  for (const ThermalRun& run : answer.runs) {
    table.text(run.label).real(run.peak_c).real(run.mean_c).real(run.above_s);
    table.real(run.throttled_s).real(run.time_s).real(run.coverage).text(run.hostname);
    table.text(run.task_id.text()).end_row();
  }
  return table.finish();
}

ResultTable throttling_table(const Thermal& answer) {
  TableBuilder table({{"hostname", ColumnKind::kText, ""},
                      {"device", ColumnKind::kText, ""},
                      {"from", ColumnKind::kTime, ""},
                      {"seconds", ColumnKind::kReal, "s"},
                      {"reasons", ColumnKind::kText, ""},
                      {"activity", ColumnKind::kText, ""},
                      {"config", ColumnKind::kText, ""},
                      {"hit_s", ColumnKind::kReal, "s"},
                      {"task_id", ColumnKind::kId, ""}});
  for (const ThrottlingTime& one : answer.throttling) {
    const auto begin = [&]() -> TableBuilder& {
      table.text(one.hostname).text(one.device).integer(one.span.begin_ns);
      return table.real(seconds_of(one.span)).text(throttle_text(one.reasons));
    };
    for (const HitTask& task : one.hit) {
      begin().text(task.activity).text(task.run).real(task.seconds);
      table.text(task.task_id.text()).end_row();
    }
    if (one.hit.empty()) begin().end_row();
  }
  return table.finish();
}

std::string thermal_text(const Thermal& answer) {
  TableBuilder table(
      {{"config", ColumnKind::kText, ""},
       {"peak", ColumnKind::kText, ""},
       {"mean", ColumnKind::kText, ""},
       {"above " + number_text(answer.question.above_c, 4) + " °C", ColumnKind::kReal, "s"},
       {"slowed down", ColumnKind::kReal, "s"},
       {"time", ColumnKind::kReal, "s"},
       {"machine", ColumnKind::kText, ""},
       {"task_id", ColumnKind::kId, ""}});
  for (const ThermalRun& run : answer.runs) {
    table.text(run.label).text(celsius_text(run.peak_c)).text(celsius_text(run.mean_c));
    table.real(run.above_s).real(run.throttled_s).real(run.time_s).text(run.hostname);
    table.text(run.task_id.text()).end_row();
  }
  std::string out = "Temperatures of " + answer.of + ", " +
                    counted(answer.runs.size(), answer.activity + " run") + "\n\n";
  out += shown_table(std::move(table));
  for (const ThrottlingTime& one : answer.throttling) {
    out += "\n" + (one.device.empty() ? one.domain : one.device) + " of " + one.hostname +
           " was slowed down for " + si_text(seconds_of(one.span), "s") + ": " +
           throttle_text(one.reasons) + "; it hit";
    if (one.hit.empty()) out += " no task of these";
    for (size_t i = 0; i < one.hit.size() && i < 5; ++i) {
      const HitTask& task = one.hit[i];
      out += (i == 0 ? " " : ", ") + task.activity + " " + task.task_id.text().substr(0, 8) +
             (task.run.empty() ? "" : " (" + task.run + ")") + " for " + si_text(task.seconds, "s");
    }
    if (one.hit.size() > 5) out += " and " + std::to_string(one.hit.size() - 5) + " more";
    out += "\n";
  }
  if (!answer.note.empty()) out += "\n" + answer.note + "\n";
  return terminal_lines(out);
}

Json thermal_json(const Thermal& answer) {
  Json::List runs;
  for (const ThermalRun& run : answer.runs) runs.push_back(run_json(run));
  Json::List throttling;
  for (const ThrottlingTime& one : answer.throttling) throttling.push_back(throttling_json(one));
  return Json::Map{{"of", answer.of},
                   {"above_c", answer.question.above_c},
                   {"activity", answer.activity},
                   {"runs", std::move(runs)},
                   {"throttling", std::move(throttling)},
                   {"note", answer.note}};
}

}  // namespace headrace::query

// The answer as a table, as a person reads it, and as JSON.
#include <algorithm>

#include "query/json_or_null.h"
#include "query/marginal.h"
#include "query/shown_document.h"
#include "query/units.h"
#include "query/utf8.h"

namespace headrace::query {
namespace {

constexpr size_t kMostColumns = 12;  // of points, in a terminal

std::string cost_text(const MarginalRun& run, size_t point) {
  if (point >= run.points.size()) return "";
  const MarginalPoint& one = run.points[point];
  if (!one.improvement || !one.energy_j) return "-";
  const std::string text = one.marginal_j ? si_text(*one.marginal_j, "J") : "no better";
  return text + (one.exceeds.value_or(false) ? " !" : "");
}

Json point_json(const MarginalPoint& one, size_t number) {
  return Json::Map{
      {"step", static_cast<int64_t>(number)},       {"seconds", one.seconds},
      {"value", json_or_null(one.value)},           {"improvement", json_or_null(one.improvement)},
      {"energy_j", json_or_null(one.energy_j)},     {"total_j", json_or_null(one.total_j)},
      {"marginal_j", json_or_null(one.marginal_j)}, {"exceeds", json_or_null(one.exceeds)}};
}

}  // namespace

ResultTable marginal_table(const Marginal& answer) {
  TableBuilder table({{"config", ColumnKind::kText, ""},
                      {"step", ColumnKind::kInteger, ""},
                      {"seconds", ColumnKind::kReal, "s"},
                      {answer.quality, ColumnKind::kReal, ""},
                      {"improvement", ColumnKind::kReal, ""},
                      {"energy_j", ColumnKind::kReal, "J"},
                      {"total_j", ColumnKind::kReal, "J"},
                      {"marginal_j", ColumnKind::kReal, "J"},
                      {"exceeds", ColumnKind::kBool, ""},
                      {"energy_truth", ColumnKind::kText, ""},
                      {"task_id", ColumnKind::kId, ""},
                      {"workflow_id", ColumnKind::kId, ""}});
  for (const MarginalRun& run : answer.runs) {
    for (size_t i = 0; i < run.points.size(); ++i) {
      const MarginalPoint& one = run.points[i];
      table.text(run.label).integer(static_cast<int64_t>(i + 1)).real(one.seconds);
      table.real(one.value).real(one.improvement).real(one.energy_j).real(one.total_j);
      table.real(one.marginal_j);
      one.exceeds ? table.boolean(*one.exceeds) : table.null();
      run.truth.empty() ? table.null() : table.text(run.truth);
      run.task_id.empty() ? table.null() : table.text(run.task_id);
      table.text(run.workflow_id).end_row();
    }
  }
  return table.finish();
}

std::string marginal_text(const Marginal& answer) {
  size_t points = 0;
  for (const MarginalRun& run : answer.runs) points = std::max(points, run.points.size());
  points = std::min(points, kMostColumns);
  std::vector<BuiltColumn> columns = {{"config", ColumnKind::kText, ""}};
  for (size_t i = 1; i < points; ++i) {
    columns.push_back({"point " + std::to_string(i + 1), ColumnKind::kText, ""});
  }
  columns.push_back({"energy", ColumnKind::kReal, "J"});
  columns.push_back({"truth", ColumnKind::kText, ""});
  if (answer.question.most_j) {
    columns.push_back({"stop after", ColumnKind::kInteger, ""});
    columns.push_back({"saves", ColumnKind::kReal, "J"});
    columns.push_back({"gives up", ColumnKind::kReal, ""});
  }
  columns.push_back({"task_id", ColumnKind::kId, ""});
  TableBuilder table(std::move(columns));
  for (const MarginalRun& run : answer.runs) {
    table.text(run.label);
    for (size_t i = 1; i < points; ++i) table.text(cost_text(run, i));
    table.real(run.energy_j);
    table.text(run.truth.empty() ? "-" : (run.truth == "measured" ? "" : "≈ ") + run.truth);
    if (answer.question.most_j) {
      run.stop_after ? table.integer(static_cast<int64_t>(*run.stop_after)) : table.null();
      table.real(run.saved_j).real(run.lost);
    }
    run.task_id.empty() ? table.null() : table.text(run.task_id);
    table.end_row();
  }
  std::string out =
      answer.campaign + ": joules for " + number_text(answer.question.per) + " " +
      (answer.minimise ? "less " : "more ") + answer.quality + ", of " +
      counted(answer.runs.size(),
              answer.activity.empty() ? std::string("workflow") : answer.activity + " run") +
      ", point by point";
  if (answer.question.most_j) {
    out += "; ! costs more than " + si_text(*answer.question.most_j, "J");
  }
  out += "\n\n" + shown_table(std::move(table));
  if (!answer.note.empty()) out += "\n" + answer.note + "\n";
  return terminal_lines(out);
}

Json marginal_json(const Marginal& answer) {
  Json::List runs;
  for (const MarginalRun& run : answer.runs) {
    Json::List points;
    for (size_t i = 0; i < run.points.size(); ++i) {
      points.push_back(point_json(run.points[i], i + 1));
    }
    runs.emplace_back(Json::Map{
        {"config", run.label},
        {"task_id", run.task_id.empty() ? Json() : Json(run.task_id)},
        {"workflow_id", run.workflow_id},
        {"status", run.status},
        {"energy_j", json_or_null(run.energy_j)},
        {"energy_truth", run.truth.empty() ? Json() : Json(run.truth)},
        {"stop_after", run.stop_after ? Json(static_cast<int64_t>(*run.stop_after)) : Json()},
        {"saved_j", json_or_null(run.saved_j)},
        {"lost", json_or_null(run.lost)},
        {"points", std::move(points)}});
  }
  return Json::Map{{"campaign", answer.campaign}, {"quality", answer.quality},
                   {"minimise", answer.minimise}, {"activity", answer.activity},
                   {"per", answer.question.per},  {"most_j", json_or_null(answer.question.most_j)},
                   {"runs", std::move(runs)},     {"note", answer.note}};
}

}  // namespace headrace::query

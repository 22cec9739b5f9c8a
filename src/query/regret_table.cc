// The answer as a sentence, tables and JSON.
#include <cmath>

#include "query/regret.h"
#include "query/table_builder.h"
#include "query/units.h"

namespace headrace::query {
namespace {

double share_of(double part, double whole) { return whole > 0 ? part / whole : 1; }

std::string percent(double share) { return number_text(std::round(share * 100)) + " %"; }

std::optional<double> energy_share(const Regret& answer, const RuleOutcome& outcome) {
  if (!answer.energy_j || !outcome.energy_j) return std::nullopt;
  return share_of(*outcome.energy_j, *answer.energy_j);
}

void id_or_null(TableBuilder& table, const std::string& id) {
  id.empty() ? table.null() : table.text(id);
}

std::string advice(const RegretRun& run, const Stop& stop) {
  if (!stop) return "go on";
  return *stop == run.curve.count ? "stop" : "stop, since point " + std::to_string(*stop);
}

double seconds_saved(const RegretRun& run, double stopped_s) {
  return run.curve.seconds - stopped_s;
}

}  // namespace

std::string regret_sentence(const Regret& answer) {
  const RuleOutcome* cheapest = nullptr;
  for (const RuleOutcome& outcome : answer.outcomes) {
    if (!outcome.keeps_best) continue;
    if (cheapest == nullptr || outcome.time_s < cheapest->time_s) cheapest = &outcome;
  }
  const std::string best = answer.runs[answer.best_run].label;
  if (cheapest == nullptr || cheapest->stopped == 0) {
    return cheapest == nullptr
               ? "Every rule would have lost the best model (" + best + ")."
               : "No rule that keeps the best model (" + best + ") would have stopped any run.";
  }
  const double time = share_of(cheapest->time_s, answer.time_s);
  const auto energy = energy_share(answer, *cheapest);
  std::string text;
  const bool same = energy && percent(*energy) == percent(time);
  if (!energy) {
    text = percent(1 - time) + " of the time";
  } else if (same) {
    text = percent(1 - time) + " of the time and energy";
  } else {
    text = percent(1 - time) + " of the time and " + percent(1 - *energy) + " of the energy";
  }
  return text + " bought nothing: " + std::string(name_of(cheapest->rule.kind)) +
         " keeps the same best model (" + best + ") at " + percent(time) +
         (energy && !same ? " of the time and " + percent(*energy) + " of the energy" : "") + ".";
}

ResultTable regret_table(const Regret& answer) {
  TableBuilder table({{"rule", ColumnKind::kText, ""},
                      {"keeps_best", ColumnKind::kBool, ""},
                      {"best", ColumnKind::kReal, ""},
                      {"best_run", ColumnKind::kText, ""},
                      {"time_s", ColumnKind::kReal, "s"},
                      {"time_share", ColumnKind::kReal, ""},
                      {"energy_j", ColumnKind::kReal, "J"},
                      {"energy_share", ColumnKind::kReal, ""},
                      {"stopped", ColumnKind::kInteger, ""},
                      {"runs", ColumnKind::kInteger, ""},
                      {"method", ColumnKind::kText, ""}});
  const auto runs = static_cast<int64_t>(answer.runs.size());
  table.text("none").boolean(true).real(answer.runs[answer.best_run].best);
  table.text(answer.runs[answer.best_run].label).real(answer.time_s).real(1.0);
  table.real(answer.energy_j);
  answer.energy_j ? table.real(1.0) : table.null();
  table.integer(0).integer(runs).text("every run to its end").end_row();
  for (const RuleOutcome& outcome : answer.outcomes) {
    table.text(name_of(outcome.rule.kind)).boolean(outcome.keeps_best).real(outcome.best);
    outcome.best_run ? table.text(answer.runs[*outcome.best_run].label) : table.null();
    table.real(outcome.time_s).real(share_of(outcome.time_s, answer.time_s));
    table.real(outcome.energy_j).real(energy_share(answer, outcome));
    table.integer(static_cast<int64_t>(outcome.stopped)).integer(runs);
    table.text(outcome.rule.text()).end_row();
  }
  return table.finish();
}

ResultTable regret_stops_table(const Regret& answer) {
  TableBuilder table({{"rule", ColumnKind::kText, ""},
                      {"config", ColumnKind::kText, ""},
                      {"stopped_after", ColumnKind::kInteger, ""},
                      {"points", ColumnKind::kInteger, ""},
                      {"best_then", ColumnKind::kReal, ""},
                      {"best", ColumnKind::kReal, ""},
                      {"time_saved_s", ColumnKind::kReal, "s"},
                      {"energy_saved_j", ColumnKind::kReal, "J"},
                      {"task_id", ColumnKind::kId, ""},
                      {"workflow_id", ColumnKind::kId, ""},
                      {"status", ColumnKind::kText, ""}});
  for (const RuleOutcome& outcome : answer.outcomes) {
    for (size_t i = 0; i < outcome.stops.size(); ++i) {
      if (!outcome.stops[i]) continue;
      const RegretRun& run = answer.runs[i];
      const RuleOutcome::StopFacts& facts = outcome.at_stop[i];
      table.text(name_of(outcome.rule.kind)).text(run.label);
      table.integer(static_cast<int64_t>(*outcome.stops[i]));
      table.integer(static_cast<int64_t>(run.curve.count)).real(facts.best).real(run.best);
      const double saved = seconds_saved(run, facts.seconds);
      table.real(saved);
      run.curve.energy_j ? table.real(*run.curve.energy_j * share_of(saved, run.curve.seconds))
                         : table.null();
      id_or_null(table, run.curve.task_id);
      id_or_null(table, run.curve.workflow_id);
      table.text(run.curve.status).end_row();
    }
  }
  return table.finish();
}

ResultTable regret_live_table(const Regret& answer) {
  std::vector<BuiltColumn> columns = {{"config", ColumnKind::kText, ""},
                                      {"points", ColumnKind::kInteger, ""},
                                      {"best", ColumnKind::kReal, ""},
                                      {"last", ColumnKind::kReal, ""},
                                      {"time_s", ColumnKind::kReal, "s"}};
  for (const RuleOutcome& outcome : answer.outcomes) {
    columns.push_back({std::string(name_of(outcome.rule.kind)), ColumnKind::kText, ""});
  }
  columns.push_back({"task_id", ColumnKind::kId, ""});
  columns.push_back({"workflow_id", ColumnKind::kId, ""});
  TableBuilder table(std::move(columns));
  for (size_t i = 0; i < answer.runs.size(); ++i) {
    const RegretRun& run = answer.runs[i];
    if (!run.curve.is_running) continue;
    table.text(run.label).integer(static_cast<int64_t>(run.curve.count));
    table.real(run.best).real(run.last).real(run.curve.seconds);
    for (const RuleOutcome& outcome : answer.outcomes) table.text(advice(run, outcome.stops[i]));
    id_or_null(table, run.curve.task_id);
    id_or_null(table, run.curve.workflow_id);
    table.end_row();
  }
  return table.finish();
}

Json regret_json(const Regret& answer) {
  const auto number = [](const std::optional<double>& v) { return v ? Json(*v) : Json(); };
  const auto count = [](size_t v) { return Json(static_cast<int64_t>(v)); };
  Json::List runs;
  for (const RegretRun& run : answer.runs) {
    runs.emplace_back(Json::Map{
        {"config", run.label},
        {"task_id", run.curve.task_id.empty() ? Json() : Json(run.curve.task_id)},
        {"workflow_id", run.curve.workflow_id},
        {"status", run.curve.status},
        {"points", count(run.curve.count)},
        {"best", run.best},
        {"best_point", count(run.best_point)},
        {"last", run.last},
        {"time_s", run.curve.seconds},
        {"energy_j", number(run.curve.energy_j)},
    });
  }
  Json::List rules;
  for (const RuleOutcome& outcome : answer.outcomes) {
    Json::List stops;
    for (size_t i = 0; i < outcome.stops.size(); ++i) {
      if (!outcome.stops[i]) continue;
      stops.emplace_back(Json::Map{{"run", count(i)},
                                   {"after_points", count(*outcome.stops[i])},
                                   {"after_s", outcome.at_stop[i].seconds},
                                   {"best_then", outcome.at_stop[i].best}});
    }
    rules.emplace_back(Json::Map{
        {"rule", std::string(name_of(outcome.rule.kind))},
        {"method", outcome.rule.text()},
        {"keeps_best", outcome.keeps_best},
        {"best", outcome.best},
        {"best_run", outcome.best_run ? count(*outcome.best_run) : Json()},
        {"time_s", outcome.time_s},
        {"time_share", share_of(outcome.time_s, answer.time_s)},
        {"energy_j", number(outcome.energy_j)},
        {"energy_share", number(energy_share(answer, outcome))},
        {"stops", std::move(stops)},
    });
  }
  return Json::Map{
      {"campaign", answer.campaign},
      {"metric", answer.metric},
      {"minimise", answer.minimise},
      {"activity", answer.activity.empty() ? Json() : Json(answer.activity)},
      {"sentence", regret_sentence(answer)},
      {"time_s", answer.time_s},
      {"energy_j", number(answer.energy_j)},
      {"energy_truth", answer.energy_truth.empty() ? Json() : Json(answer.energy_truth)},
      {"after_best_s", answer.after_best_s},
      {"best_run", count(answer.best_run)},
      {"rules", std::move(rules)},
      {"runs", std::move(runs)}};
}

}  // namespace headrace::query

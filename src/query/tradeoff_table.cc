// The answer as tables.
#include <algorithm>

#include "query/table_builder.h"
#include "query/tradeoff.h"

namespace headrace::query {
namespace {

void text_or_null(TableBuilder& table, const std::string& text) {
  text.empty() ? table.null() : table.text(text);
}

// Objectives with no column of their own.
std::vector<size_t> further(const Tradeoff& answer) {
  static const std::vector<std::string> kOwn = {"time",     "duration",    "duration_s",   "energy",
                                                "energy_j", "target_time", "target_energy"};
  std::vector<size_t> out;
  for (size_t k = 0; k < answer.objectives.size(); ++k) {
    const std::string& name = answer.objectives[k].name;
    if (name == answer.quality || name == "generated." + answer.quality ||
        std::find(kOwn.begin(), kOwn.end(), name) != kOwn.end()) {
      continue;
    }
    out.push_back(k);
  }
  return out;
}

std::string cost_unit(const Tradeoff& answer) { return answer.cost == Cost::kEnergy ? "J" : "s"; }

std::string partners(const Effects& effects, const std::string& factor) {
  std::string out;
  for (const Interaction& pair : effects.interactions) {
    if (pair.a != factor && pair.b != factor) continue;
    out += (out.empty() ? "" : ", ") + (pair.a == factor ? pair.b : pair.a);
  }
  return out;
}

}  // namespace

ResultTable tradeoff_table(const Tradeoff& answer) {
  const std::vector<size_t> more = further(answer);
  std::vector<BuiltColumn> columns = {{"config", ColumnKind::kText, ""},
                                      {answer.quality, ColumnKind::kReal, ""},
                                      {"time_s", ColumnKind::kReal, "s"},
                                      {"energy_j", ColumnKind::kReal, "J"},
                                      {"energy_u95_j", ColumnKind::kReal, "J"},
                                      {"energy_truth", ColumnKind::kText, ""},
                                      {"energy_method", ColumnKind::kText, ""},
                                      {"energy_assumption", ColumnKind::kText, ""},
                                      {"on_front", ColumnKind::kBool, ""},
                                      {"dominated_by", ColumnKind::kText, ""},
                                      {"dominated_by_task_id", ColumnKind::kId, ""},
                                      {"over_front", ColumnKind::kReal, cost_unit(answer)},
                                      {"behind_front", ColumnKind::kReal, ""},
                                      {"status", ColumnKind::kText, ""},
                                      {"activity", ColumnKind::kText, ""},
                                      {"task_id", ColumnKind::kId, ""},
                                      {"workflow_id", ColumnKind::kId, ""}};
  for (const size_t k : more) columns.push_back({answer.objectives[k].name, ColumnKind::kReal, ""});
  if (!answer.target.empty()) {
    columns.push_back({"target_s", ColumnKind::kReal, "s"});
    columns.push_back({"target_j", ColumnKind::kReal, "J"});
  }
  TableBuilder table(std::move(columns));
  const auto add = [&](const TradeoffRow& row) {
    table.text(row.label)
        .real(row.quality)
        .real(row.time_s)
        .real(row.energy_j)
        .real(row.energy_u95_j);
    text_or_null(table, row.energy_truth);
    text_or_null(table, row.energy_method);
    text_or_null(table, row.energy_assumption);
    table.boolean(row.on_front);
    text_or_null(table, row.dominated_by ? answer.rows[*row.dominated_by].label : "");
    text_or_null(table, row.dominated_by ? answer.rows[*row.dominated_by].task_id : "");
    table.real(row.over_front).real(row.behind_front);
    table.text(row.status).text(row.activity).text(row.task_id).text(row.workflow_id);
    for (const size_t k : more) table.real(row.values[k]);
    if (!answer.target.empty()) table.real(row.target_s).real(row.target_j);
    table.end_row();
  };
  for (const TradeoffRow& row : answer.rows) add(row);
  for (const TradeoffRow& row : answer.failed) add(row);
  return table.finish();
}

ResultTable tradeoff_steps_table(const Tradeoff& answer) {
  const std::string unit = cost_unit(answer);
  TableBuilder table({{"from", ColumnKind::kText, ""},
                      {"to", ColumnKind::kText, ""},
                      {"cost", ColumnKind::kReal, unit},
                      {"improvement", ColumnKind::kReal, ""},
                      {"cost_for_one", ColumnKind::kReal, unit},
                      {"from_task_id", ColumnKind::kId, ""},
                      {"to_task_id", ColumnKind::kId, ""}});
  for (const FrontStep& step : answer.steps) {
    const TradeoffRow& from = answer.rows[step.from];
    const TradeoffRow& to = answer.rows[step.to];
    table.text(from.label).text(to.label).real(step.cost).real(step.improvement);
    table.real(step.cost_for_one).text(from.task_id).text(to.task_id).end_row();
  }
  return table.finish();
}

ResultTable tradeoff_effects_table(const Tradeoff& answer) {
  TableBuilder table({{"objective", ColumnKind::kText, ""},
                      {"parameter", ColumnKind::kText, ""},
                      {"from", ColumnKind::kText, ""},
                      {"to", ColumnKind::kText, ""},
                      {"change", ColumnKind::kReal, ""},
                      {"low", ColumnKind::kReal, ""},
                      {"high", ColumnKind::kReal, ""},
                      {"p", ColumnKind::kReal, ""},
                      {"share", ColumnKind::kReal, ""},
                      {"rows", ColumnKind::kInteger, ""},
                      {"method", ColumnKind::kText, ""},
                      {"interacts_with", ColumnKind::kText, ""}});
  for (const ObjectiveEffects& objective : answer.effects) {
    for (const Effect& effect : objective.effects.effects) {
      table.text(objective.objective).text(effect.factor).text(effect.from).text(effect.to);
      table.real(effect.change).real(effect.low).real(effect.high).real(effect.p);
      table.real(effect.share).integer(static_cast<int64_t>(objective.effects.rows));
      table.text(effect.is_log    ? "least squares, line over log2"
                 : effect.is_line ? "least squares, line"
                                  : "least squares, levels");
      text_or_null(table, partners(objective.effects, effect.factor));
      table.end_row();
    }
  }
  return table.finish();
}

ResultTable tradeoff_pairs_table(const Tradeoff& answer) {
  TableBuilder table({{"objective", ColumnKind::kText, ""},
                      {"parameter", ColumnKind::kText, ""},
                      {"from", ColumnKind::kText, ""},
                      {"to", ColumnKind::kText, ""},
                      {"pairs", ColumnKind::kInteger, ""},
                      {"unpaired", ColumnKind::kInteger, ""},
                      {"mean_from", ColumnKind::kReal, ""},
                      {"mean_to", ColumnKind::kReal, ""},
                      {"difference", ColumnKind::kReal, ""},
                      {"low", ColumnKind::kReal, ""},
                      {"high", ColumnKind::kReal, ""},
                      {"p", ColumnKind::kReal, ""}});
  for (const ObjectivePairs& objective : answer.pairs) {
    for (const PairedEffect& one : objective.pairs) {
      table.text(objective.objective).text(answer.paired).text(one.from).text(one.to);
      table.integer(static_cast<int64_t>(one.pairs)).integer(static_cast<int64_t>(one.unpaired));
      table.real(one.mean_from).real(one.mean_to).real(one.difference).real(one.low);
      table.real(one.high).real(one.p).end_row();
    }
  }
  return table.finish();
}

}  // namespace headrace::query

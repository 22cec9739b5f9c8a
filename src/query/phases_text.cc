// The answer as a table, as a person reads it, and as JSON.
#include "query/json_or_null.h"
#include "query/nearest.h"
#include "query/phases.h"
#include "query/shown_document.h"
#include "query/table_builder.h"
#include "query/units.h"
#include "query/utf8.h"

namespace headrace::query {
namespace {

std::string percent(const std::optional<double>& share) {
  return share ? number_text(100 * *share, 3) + " %" : "-";
}

Json phase_json(const Phase& one) {
  return Json::Map{{"activity", one.activity},
                   {"tasks", one.tasks},
                   {"time_s", one.time_s},
                   {"gpu_utilization", json_or_null(one.gpu_use)},
                   {"cpu_utilization", json_or_null(one.cpu_use)},
                   {"disk_utilization", json_or_null(one.disk_use)},
                   {"node_power_w", json_or_null(one.power_w)},
                   {"node_energy_j", json_or_null(one.energy_j)},
                   {"waiting_s", json_or_null(one.waiting_s)},
                   {"wasted_j", json_or_null(one.wasted_j)},
                   {"coverage", one.coverage}};
}

}  // namespace

ResultTable phases_table(const Phases& answer) {
  TableBuilder table({{"activity", ColumnKind::kText, ""},
                      {"tasks", ColumnKind::kInteger, ""},
                      {"time_s", ColumnKind::kReal, "s"},
                      {"gpu_utilization", ColumnKind::kReal, ""},
                      {"cpu_utilization", ColumnKind::kReal, ""},
                      {"disk_utilization", ColumnKind::kReal, ""},
                      {"node_power_w", ColumnKind::kReal, "W"},
                      {"node_energy_j", ColumnKind::kReal, "J"},
                      {"waiting_s", ColumnKind::kReal, "s"},
                      {"wasted_j", ColumnKind::kReal, "J"},
                      {"coverage", ColumnKind::kReal, ""}});
  for (const Phase& one : answer.phases) {
    table.text(one.activity).integer(one.tasks).real(one.time_s).real(one.gpu_use);
    table.real(one.cpu_use).real(one.disk_use).real(one.power_w).real(one.energy_j);
    table.real(one.waiting_s).real(one.wasted_j).real(one.coverage).end_row();
  }
  return table.finish();
}

std::string phases_text(const Phases& answer) {
  TableBuilder table({{"activity", ColumnKind::kText, ""},
                      {"tasks", ColumnKind::kInteger, ""},
                      {"time", ColumnKind::kReal, "s"},
                      {"GPU", ColumnKind::kText, ""},
                      {"CPU", ColumnKind::kText, ""},
                      {"disk", ColumnKind::kText, ""},
                      {"machine", ColumnKind::kReal, "W"},
                      {"its energy", ColumnKind::kReal, "J"},
                      {"GPU waits", ColumnKind::kReal, "s"},
                      {"wasted", ColumnKind::kReal, "J"},
                      {"known", ColumnKind::kText, ""}});
  const auto add = [&](const Phase& one, const std::string& name) {
    table.text(name).integer(one.tasks).real(one.time_s).text(percent(one.gpu_use));
    table.text(percent(one.cpu_use)).text(percent(one.disk_use)).real(one.power_w);
    table.real(one.energy_j).real(one.waiting_s).real(one.wasted_j);
    table.text(percent(one.coverage)).end_row();
  };
  // One whose tasks only wait for those inside them keeps nothing busy.
  for (const Phase& one : answer.phases) {
    if (one.time_s > 0) add(one, one.activity);
  }
  add(answer.all, "all of them");
  std::string out = "Phases of " + answer.of + ": ";
  if (answer.all.wasted_j && answer.all.energy_j && *answer.all.energy_j > 0) {
    out += si_text(*answer.all.wasted_j, "J") + " of " + si_text(*answer.all.energy_j, "J") + " (" +
           number_text(100 * *answer.all.wasted_j / *answer.all.energy_j, 3) +
           " %) went by while GPUs were used less than " +
           number_text(100 * answer.question.gpu_below, 3) + " % and the machine drew more than " +
           number_text(answer.question.node_above_w, 4) + " W\n\n";
  } else {
    out += "what was wasted is not known\n\n";
  }
  out += shown_table(std::move(table));
  if (!answer.power_of.empty()) {
    out += "\nThe machine's power: " + listed(answer.power_of) + "\n";
  }
  if (!answer.note.empty()) out += answer.note + "\n";
  return terminal_lines(out);
}

Json phases_json(const Phases& answer) {
  Json::List list;
  for (const Phase& one : answer.phases) list.push_back(phase_json(one));
  Json all = phase_json(answer.all);
  std::erase_if(*all.as<Json::Map>(),
                [](const auto& member) { return member.first == "activity"; });
  return Json::Map{{"of", answer.of},
                   {"gpu_below", answer.question.gpu_below},
                   {"node_above_w", answer.question.node_above_w},
                   {"power_of", Json::List(answer.power_of.begin(), answer.power_of.end())},
                   {"phases", std::move(list)},
                   {"all", std::move(all)},
                   {"note", answer.note}};
}

}  // namespace headrace::query

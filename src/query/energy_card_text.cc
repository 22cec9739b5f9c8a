// A card as a person reads it, and as JSON.
#include <algorithm>
#include <string_view>
#include <utility>

#include "model/emulated.h"
#include "query/answer_table.h"
#include "query/energy_breakdown.h"
#include "query/energy_card.h"
#include "query/json_or_null.h"
#include "query/shown_document.h"
#include "query/table_builder.h"
#include "query/units.h"
#include "query/utf8.h"
#include "query/write.h"

namespace headrace::query {
namespace {

using Columns = std::vector<BuiltColumn>;

constexpr double kJoulesOfKwh = 3.6e6;

std::string percent_text(const std::optional<double>& share) {
  return share ? number_text(100 * *share, 3) + " %" : "-";
}

std::string lines_text(const EnergyCard& card) {
  Columns columns = {{"workflow", ColumnKind::kText, ""}, {"activity", ColumnKind::kText, ""},
                     {"domain", ColumnKind::kText, ""},   {"energy", ColumnKind::kReal, "J"},
                     {"± 95 %", ColumnKind::kReal, "J"},  {"sensor", ColumnKind::kReal, "J"},
                     {"split", ColumnKind::kReal, "J"},   {"truth", ColumnKind::kText, ""},
                     {"covered", ColumnKind::kText, ""},  {"tasks", ColumnKind::kInteger, ""}};
  if (card.carbon) columns.push_back({"carbon", ColumnKind::kReal, "g"});
  TableBuilder table(std::move(columns));
  const auto add = [&](const std::string& workflow, const std::string& activity,
                       const std::string& domain, const EnergyFigure& figure,
                       const std::string& covered) -> TableBuilder& {
    table.text(workflow).text(activity).text(domain).real(figure.energy_j());
    table.real(figure.u95_j()).real(figure.sensor_u95_j).real(figure.split_u95_j);
    return table.text(figure.truth).text(covered);
  };
  for (const EnergyLine& line : card.lines) {
    add(line.workflow, line.activity, line.domain, line.figure, percent_text(line.coverage))
        .integer(line.tasks);
    if (card.carbon) table.real(line.carbon_g);
    table.end_row();
  }
  add("all of them", "", "", card.total, "").null();
  if (card.carbon) table.real(card.carbon->attributed_g);
  table.end_row();
  return shown_table(std::move(table));
}

std::string books_text(const EnergyCard& card) {
  TableBuilder table({{"domain", ColumnKind::kText, ""},
                      {"attributed", ColumnKind::kReal, "J"},
                      {"+ elsewhere", ColumnKind::kReal, "J"},
                      {"+ idle", ColumnKind::kReal, "J"},
                      {"+ unattributed", ColumnKind::kReal, "J"},
                      {"= measured", ColumnKind::kReal, "J"},
                      {"off by", ColumnKind::kText, ""},
                      {"truth", ColumnKind::kText, ""}});
  const auto add = [&](const std::string& domain, const EnergyBooks& one) {
    table.text(domain).real(joules_of_uj(one.attributed_uj)).real(joules_of_uj(one.elsewhere_uj));
    table.real(joules_of_uj(one.idle_uj)).real(joules_of_uj(one.unattributed_uj));
    table.real(joules_of_uj(one.measured_uj)).text(std::to_string(one.difference_uj()) + " uJ");
    table.text(one.truth).end_row();
  };
  for (const EnergyBooks& one : card.books) add(one.domain, one);
  if (card.books.size() > 1) add("all of them", card.all_books);
  return shown_table(std::move(table));
}

std::string carbon_text(const Carbon& carbon) {
  std::string out = "Carbon (estimated): ";
  if (carbon.attributed_g) {
    out += "≈ " + si_text(*carbon.attributed_g, "g") + " CO2e of the tasks";
    if (carbon.idle_g) out += ", ≈ " + si_text(*carbon.idle_g, "g") + " idle";
    if (carbon.unattributed_g) {
      out += ", ≈ " + si_text(*carbon.unattributed_g, "g") + " unattributed";
    }
  } else {
    out += "not known";
  }
  out += "; region " + carbon.question.region + ", " + carbon.question.kind + ", PUE " +
         number_text(carbon.question.pue, 4) + "\n";
  if (!carbon.reason.empty()) out += "  not known: " + carbon.reason + "\n";
  out += "  factors: " + carbon.question.file.filename().string() + ", sha256 " + carbon.sha256;
  return out + (carbon.source.empty() ? "" : ", " + carbon.source) + "\n";
}

std::string reasons_text(const EnergyCard& card) {
  std::string out;
  for (const EnergyReason& one : card.reasons) {
    out += counted(static_cast<uint64_t>(one.tasks), "task") + " in " + one.domain +
           (one.withheld ? " without a figure of its own: " : " covered in part: ") + one.reason +
           "\n";
  }
  for (const EnergyDomain& one : card.domains) {
    if (!one.inconsistent) continue;
    out += one.domain + " counted " +
           si_text(one.children_j.value_or(0) + one.other_j.value_or(0), "J") + ", its parts " +
           si_text(one.children_j.value_or(0), "J") +
           ": one of these sensors is wrong or shows another thing\n";
  }
  if (card.without_energy > 0) {
    out += counted(static_cast<uint64_t>(card.without_energy), "task") +
           " without energy: no sensor was read while it was open\n";
  }
  return out;
}

std::string assumptions_text(const EnergyCard& card) {
  std::vector<std::string> said;
  std::string out;
  for (const EnergyLine& line : card.lines) {
    const std::string one = line.method + (line.assumption.empty() ? "" : ": " + line.assumption);
    if (line.figure.truth == "measured" || line.figure.energy_uj == 0) continue;
    if (std::find(said.begin(), said.end(), one) != said.end()) continue;
    said.push_back(one);
    out += "≈ " + one + "\n";
  }
  return out;
}

Json figure_json(const EnergyFigure& figure) {
  return Json::Map{{"energy_j", figure.energy_j()},     {"energy_uj", figure.energy_uj},
                   {"u95_j", figure.u95_j()},           {"sensor_u95_j", figure.sensor_u95_j},
                   {"split_u95_j", figure.split_u95_j}, {"truth", figure.truth}};
}

Json line_json(const EnergyLine& line, bool with_carbon) {
  Json::Map out = {{"workflow_id", line.workflow_id},
                   {"workflow", line.workflow},
                   {"activity", line.activity},
                   {"domain", line.domain}};
  const Json figure = figure_json(line.figure);
  for (const auto& member : *figure.as<Json::Map>()) out.push_back(member);
  out.emplace_back("tasks", line.tasks);
  out.emplace_back("withheld", line.withheld);
  out.emplace_back("coverage", json_or_null(line.coverage));
  out.emplace_back("method", line.method);
  out.emplace_back("assumption", line.assumption);
  if (with_carbon) out.emplace_back("carbon_g", json_or_null(line.carbon_g));
  return out;
}

// "time 2 min 58 s; measured 84 %, mixed 15.8 %; 100 % of the tasks' time covered"
std::string about_text(const EnergyCard& card) {
  std::string out = card.time_s ? "time " + duration_text(*card.time_s) + "; " : "";
  const double all = joules_of_uj(card.total.energy_uj);
  bool first = true;
  for (const char* const truth : {"measured", "mixed", "estimated", kEmulatedTruth}) {
    const auto found = card.uj_by_truth.find(truth);
    if (found == card.uj_by_truth.end() || all <= 0) continue;
    out += std::string(first ? "" : ", ") + truth + " " +
           number_text(100 * joules_of_uj(found->second) / all, 3) + " %";
    first = false;
  }
  return out + "; " + percent_text(card.coverage) + " of the tasks' time covered\n";
}

Json shares_json(const EnergyCard& card) {
  Json::Map out;
  for (const char* const truth : {"measured", "mixed", "estimated", kEmulatedTruth}) {
    const auto found = card.uj_by_truth.find(truth);
    out.emplace_back(truth, found == card.uj_by_truth.end() ? int64_t{0} : found->second);
  }
  return out;
}

Json books_json(const std::string& domain, const EnergyBooks& one) {
  return Json::Map{{"domain", domain},
                   {"truth", one.truth},
                   {"attributed_uj", one.attributed_uj},
                   {"elsewhere_uj", one.elsewhere_uj},
                   {"idle_uj", one.idle_uj},
                   {"unattributed_uj", one.unattributed_uj},
                   {"measured_uj", one.measured_uj},
                   {"difference_uj", one.difference_uj()}};
}

Json activity_json(const EnergyActivity& one) {
  return Json::Map{{"domain", one.domain},
                   {"activity", one.activity},
                   {"resolution", one.resolution},
                   {"group", one.group.empty() ? Json() : Json(one.group)},
                   {"processes", one.processes},
                   {"tasks", one.tasks},
                   {"time_s", one.time_s},
                   {"power_w", json_or_null(one.power_w)},
                   {"attributed_j", one.has_figure() ? Json(one.share_j) : Json()},
                   {"share_j", one.share_j},
                   {"group_j", one.group_j},
                   {"group_u95_j", one.group_u95_j},
                   {"windows", one.windows}};
}

Json domain_json(const EnergyDomain& one) {
  return Json::Map{{"domain", one.domain},
                   {"parent", one.parent.empty() ? Json() : Json(one.parent)},
                   {"role", one.role},
                   {"truth", one.truth},
                   {"counters", one.counters},
                   {"measured_j", one.measured_j},
                   {"children_j", json_or_null(one.children_j)},
                   {"other_j", json_or_null(one.other_j)},
                   {"uncompared_j", json_or_null(one.uncompared_j)},
                   {"tolerance_j", json_or_null(one.tolerance_j)},
                   {"inconsistent", one.inconsistent},
                   {"coverage", json_or_null(one.coverage)},
                   {"reason", one.reason.empty() ? Json() : Json(one.reason)}};
}

Json carbon_json(const Carbon& carbon) {
  return Json::Map{{"attributed_g", json_or_null(carbon.attributed_g)},
                   {"idle_g", json_or_null(carbon.idle_g)},
                   {"unattributed_g", json_or_null(carbon.unattributed_g)},
                   {"truth", "estimated"},
                   {"reason", carbon.reason.empty() ? Json() : Json(carbon.reason)},
                   {"region", carbon.question.region},
                   {"kind", carbon.question.kind},
                   {"pue", carbon.question.pue},
                   {"factors", Json::Map{{"path", carbon.question.file.string()},
                                         {"sha256", carbon.sha256},
                                         {"source", carbon.source}}}};
}

}  // namespace

std::string energy_card_text(const EnergyCard& card, bool by_workflow) {
  std::string out = "Energy of " + card.of + ": ";
  if (card.lines.empty()) {
    out += "none is known. headrace doctor says which sensors there are.\n";
    return terminal_lines(out + reasons_text(card));
  }
  out += marked_joules(card.total.energy_j(), card.total.truth) + " ± " +
         si_text(card.total.u95_j(), "J") + " (sensors " + si_text(card.total.sensor_u95_j, "J") +
         ", split " + si_text(card.total.split_u95_j, "J") + "), " + card.total.truth + "\n" +
         about_text(card) + "\n";
  if (by_workflow) {
    return terminal_lines(out + energy_breakdown_text(card) +
                          (card.carbon ? "\n" + carbon_text(*card.carbon) : ""));
  }
  out += lines_text(card) + "\nWhere all of it went, idle energy " + card.idle_policy + ":\n\n" +
         books_text(card);
  std::string more = reasons_text(card) + assumptions_text(card);
  if (card.carbon) more += carbon_text(*card.carbon);
  if (!more.empty()) out += "\n" + more;
  return terminal_lines(out);
}

Json energy_card_json(const EnergyCard& card) {
  Json::List lines;
  for (const EnergyLine& line : card.lines) {
    lines.push_back(line_json(line, card.carbon.has_value()));
  }
  Json::List books;
  for (const EnergyBooks& one : card.books) books.push_back(books_json(one.domain, one));
  Json::List reasons;
  for (const EnergyReason& one : card.reasons) {
    reasons.emplace_back(Json::Map{{"domain", one.domain},
                                   {"reason", one.reason},
                                   {"withheld", one.withheld},
                                   {"tasks", one.tasks}});
  }
  Json::List activities;
  for (const EnergyActivity& one : card.activities) activities.push_back(activity_json(one));
  Json::List domains;
  for (const EnergyDomain& one : card.domains) domains.push_back(domain_json(one));
  Json::Map out = {{"of", card.of},
                   {"idle_policy", card.idle_policy},
                   {"total", figure_json(card.total)},
                   {"energy_kwh", card.total.energy_j() / kJoulesOfKwh},
                   {"time_s", json_or_null(card.time_s)},
                   {"coverage", json_or_null(card.coverage)},
                   {"uj_by_truth", shares_json(card)},
                   {"lines", std::move(lines)},
                   {"conservation", std::move(books)},
                   {"conservation_total", books_json("", card.all_books)},
                   {"breakdown", energy_breakdown_json(card)},
                   {"reasons", std::move(reasons)},
                   {"activities", std::move(activities)},
                   {"domains", std::move(domains)},
                   {"without_energy", card.without_energy}};
  if (card.carbon) out.emplace_back("carbon", carbon_json(*card.carbon));
  return out;
}

}  // namespace headrace::query

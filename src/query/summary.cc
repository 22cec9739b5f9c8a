#include "query/summary.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "query/findings.h"
#include "query/units.h"
#include "query/utf8.h"

namespace headrace::query {
namespace {

constexpr size_t kKeptRows = 20;

Result<FindingScope> scope_of(const Session& session, const std::string& text,
                              const std::filesystem::path& here, std::string* of) {
  FindingScope scope;
  if (text.empty()) {
    *of = "everything";
    return scope;
  }
  const Result<Thing> thing =
      identify(session, text, {ThingKind::kCampaign, ThingKind::kWorkflow}, here);
  if (!thing.ok()) return thing.status();
  *of = std::string(name_of(thing->kind)) + " " + thing->name;
  if (thing->kind == ThingKind::kWorkflow) {
    scope.workflow_id = thing->id;
    scope.task_condition = scope.workflow_condition = "workflow_id = " + store::sql_text(thing->id);
    scope.row_condition =
        "t.wf IN (SELECT wf FROM workflow_row WHERE workflow = " + store::sql_text(thing->id) + ")";
  } else {
    scope.campaign = thing->name;
    scope.task_condition = scope.workflow_condition = "campaign = " + store::sql_text(thing->name);
    scope.row_condition =
        "t.wf IN (SELECT w.wf FROM workflow_row w JOIN campaign_row c ON c.campaign = w.campaign "
        "WHERE c.name = " +
        store::sql_text(thing->name) + ")";
  }
  return scope;
}

}  // namespace

Result<FoundRows> rows_of(const Session& session, Finding* finding) {
  Result<ResultTable> table = session.sql(finding->sql);
  if (!table.ok()) return table.status();
  return rows_of(std::move(*table), finding);
}

Result<FoundRows> rows_of(ResultTable table, Finding* finding) {
  FoundRows out;
  Json rows{Json::List{}};
  for (;;) {
    const Result<bool> more = table.next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    for (size_t row = 0; row < table.rows(); ++row) {
      auto& cells = out.emplace_back();
      for (size_t i = 0; i < table.columns().size(); ++i) cells.push_back(table.cell(i, row));
      if (out.size() > kKeptRows) continue;
      Json one{Json::Map{}};
      for (size_t i = 0; i < table.columns().size(); ++i) {
        one.as<Json::Map>()->emplace_back(table.columns()[i].name, table.json(i, row));
      }
      rows.as<Json::List>()->push_back(one);
    }
  }
  finding->rows = std::move(rows);
  return out;
}

std::string percent(double part, double whole) {
  const double share = whole > 0 ? 100 * part / whole : 0;
  return number_text(share < 10 ? share : std::round(share), share < 10 ? 2 : 3) + " %";
}

Result<Summary> summarize(const Session& session, const std::string& text,
                          const std::filesystem::path& here) {
  Summary summary;
  const Result<FindingScope> scope = scope_of(session, text, here, &summary.of);
  if (!scope.ok()) return scope.status();
  for (const auto find :
       {find_time, find_energy, find_failures, find_stragglers, find_done_again,
        find_without_values, find_without_energy, find_without_code, find_losses}) {
    MaybeFinding found = find(session, *scope);
    if (!found.ok()) return found.status();
    if (*found) summary.findings.push_back(std::move(**found));
  }
  return summary;
}

std::string summary_text(const Summary& summary, bool with_sql) {
  size_t widest = 0;
  for (const Finding& f : summary.findings) widest = std::max(widest, f.about.size());
  std::string out = terminal_text("Of " + summary.of + ":") + "\n";
  for (const Finding& f : summary.findings) {
    out += "  " + f.about + std::string(widest - f.about.size() + 2, ' ') +
           terminal_text(f.sentence) + "\n";
    if (with_sql) out += std::string(widest + 4, ' ') + terminal_text(f.sql) + "\n";
  }
  return out;
}

Json summary_json(const Summary& summary) {
  Json::List findings;
  for (const Finding& f : summary.findings) {
    findings.emplace_back(
        Json::Map{{"about", f.about}, {"sentence", f.sentence}, {"sql", f.sql}, {"rows", f.rows}});
  }
  return Json(Json::Map{{"of", summary.of}, {"findings", Json(std::move(findings))}});
}

}  // namespace headrace::query

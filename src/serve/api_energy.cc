// Where the energy went.
#include <map>

#include "query/energy_table.h"
#include "query/table_builder.h"
#include "serve/api.h"
#include "serve/kept_lanes.h"

namespace headrace::serve {
namespace {

using query::ColumnKind;
using query::Json;

// Of a domain, what no workflow that was asked for got.
void add_rest(const query::Conservation& one, double attributed_j, query::TableBuilder* out) {
  const auto add = [&](const char* part, double joules) {
    out->null().null().text(one.domain).text(part).real(joules).null().text(one.truth);
    out->text(one.method).text(one.assumption).end_row();
  };
  // Less is rounding.
  if (one.attributed_j - attributed_j > 1e-9 * one.measured_j) {
    add("elsewhere", one.attributed_j - attributed_j);
  }
  add("idle", one.idle_j);
  add("unattributed", one.unattributed_j);
  add("measured", one.measured_j);
}

Result<query::ResultTable> parts_of(query::EnergyTable energy) {
  query::TableBuilder out({{"workflow_id", ColumnKind::kId, ""},
                           {"workflow", ColumnKind::kText, ""},
                           {"domain", ColumnKind::kText, ""},
                           {"part", ColumnKind::kText, ""},
                           {"energy_j", ColumnKind::kReal, "J"},
                           {"tasks", ColumnKind::kInteger, ""},
                           {"truth", ColumnKind::kText, ""},
                           {"method", ColumnKind::kText, ""},
                           {"assumption", ColumnKind::kText, ""},
                           {"u95_j", ColumnKind::kReal, "J"},
                           {"time_s", ColumnKind::kReal, "s"}});
  std::map<std::string, double> attributed;
  for (;;) {
    const Result<bool> more = energy.rows.next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    for (size_t row = 0; row < energy.rows.rows(); ++row) {
      const auto cell = [&](size_t column) { return energy.rows.cell(column, row); };
      attributed[cell(2).text] += cell(3).real;
      out.text(cell(0).text).text(cell(1).text).text(cell(2).text).text("attributed");
      out.real(cell(3).real).integer(static_cast<int64_t>(cell(6).real));
      out.text(cell(7).text).text(cell(8).text).text(cell(9).text).real(cell(4).real);
      out.real(cell(5).real).end_row();
    }
  }
  for (const query::Conservation& one : energy.conservation) {
    add_rest(one, attributed[one.domain], &out);
  }
  return out.finish();
}

Result<Answer> energy(const Call& call) {
  const auto thing = asked_thing(call);
  if (!thing.ok()) return thing.status();
  Result<query::EnergyTable> found =
      query::energy_table(call.session(), *thing ? &**thing : nullptr);
  if (!found.ok()) return found.status();
  return rows(parts_of(std::move(*found)));
}

// Layers come from models' module trees, which no capture writes yet: the answer says so.
Result<Answer> layers(const Call& call) {
  const auto thing = asked_thing(call);
  if (!thing.ok()) return thing.status();
  return Answer(Json(Json::Map{{"layers", Json::List{}},
                               {"why", "No layer of a model was captured in this workflow."}}));
}

}  // namespace

void add_energy_routes(std::vector<Route>* out) {
  out->push_back(
      {"GET",
       "/energy",
       "Energy by workflow and domain, no task counted twice. Of a domain, the parts "
       "attributed, elsewhere (tasks of other workflows in the same processes), idle and "
       "unattributed add up to measured",
       Form::kTable,
       {{.name = "workflow", .about = "of this workflow: its name or id"},
        {.name = "campaign", .about = "of this campaign; neither: of everything"}},
       energy});
  out->push_back({"GET",
                  "/layers",
                  "Energy, time and memory by layer of a model, epoch and phase",
                  Form::kDocument,
                  {{.name = "workflow", .about = "its name or id", .required = true}},
                  layers});
}

}  // namespace headrace::serve

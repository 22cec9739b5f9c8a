// The energy of workflows and of what no workflow got, as rows that add up.
#include <map>
#include <string>
#include <utility>

#include "query/energy_table.h"
#include "query/table_builder.h"

namespace headrace::query {
namespace {

// Of a domain, what no workflow that was asked for got.
void add_rest(const Conservation& one, double attributed_j, TableBuilder* out) {
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

}  // namespace

ResultTable energy_parts(const EnergyTable& energy) {
  TableBuilder out({{"workflow_id", ColumnKind::kId, ""},
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
  for (const EnergySums& one : energy.sums) {
    attributed[one.domain] += one.attributed_j;
    out.text(one.workflow_id).text(one.workflow).text(one.domain).text("attributed");
    out.real(one.attributed_j).integer(one.tasks);
    out.text(one.truth).text(one.method).text(one.assumption).real(one.u95_j);
    out.real(one.time_s).end_row();
  }
  for (const Conservation& one : energy.conservation) {
    add_rest(one, attributed[one.domain], &out);
  }
  return out.finish();
}

}  // namespace headrace::query

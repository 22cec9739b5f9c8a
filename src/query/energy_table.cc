#include "query/energy_table.h"

#include <cmath>
#include <utility>

namespace headrace::query {
namespace {

// What counters of joules divide by: a residual below is rounding.
constexpr double kRoundingShare = 1e-9;

std::string workflows_of(const Thing* of) {
  if (of == nullptr) return "true";
  return std::string(of->kind == ThingKind::kCampaign ? "campaign" : "workflow") + " = '" + of->id +
         "'";
}

// The tables mine, task, outermost, ran.
std::string scope_sql(const Thing* of) {
  // One that lies in a task of a workflow outside counts there, when all are asked for or both are
  // of the campaign; of one workflow alone its outermost are meant.
  const bool is_one = of != nullptr && of->kind == ThingKind::kWorkflow;
  const std::string outer = is_one ? "o.wf = t.wf" : "o.wf IN (SELECT wf FROM mine)";
  return "WITH mine AS (SELECT wf, workflow, name, begin_ns FROM workflow_row WHERE " +
         workflows_of(of) +
         "), task AS (SELECT producer, seq, wf, dur, parent_producer, parent_seq FROM task_slots "
         "UNION ALL SELECT producer, seq, wf, dur, parent_producer, parent_seq FROM open_task), "
         "outermost AS (SELECT t.producer, t.seq, t.wf, t.dur FROM task t SEMI JOIN mine m ON m.wf "
         "= t.wf ANTI JOIN task o ON o.producer = t.parent_producer AND o.seq = t.parent_seq AND " +
         outer +
         "), ran AS (SELECT DISTINCT producer FROM task t SEMI JOIN mine m ON m.wf = t.wf) ";
}

constexpr const char* kTruth =
    "CASE WHEN count(DISTINCT e.truth) > 1 THEN 'mixed' ELSE any_value(e.truth) END AS truth, "
    "string_agg(DISTINCT nullif(e.method, ''), '; ') AS method, "
    "coalesce(string_agg(DISTINCT nullif(e.assumption, ''), '; '), '') AS assumption";

Result<std::vector<Conservation>> read_conservation(const Session& session,
                                                    const std::string& scope) {
  Result<ResultTable> table = session.own_sql(
      scope +
      "SELECT b.domain, sum(measured_uj) / 1e6, sum(attributed_uj) / 1e6, sum(idle_uj) / 1e6, "
      "sum(unattributed_uj) / 1e6, sum(measured_uj - attributed_uj - idle_uj - unattributed_uj) / "
      "1e6, any_value(a.u95_j), CASE WHEN count(DISTINCT b.truth) > 1 THEN 'mixed' ELSE "
      "any_value(b.truth) END, coalesce(any_value(a.method), ''), "
      "coalesce(any_value(a.assumption), '') FROM energy_balance_row b SEMI JOIN ran r ON "
      "r.producer = b.producer LEFT JOIN (SELECT e.domain, sum(e.u95_j) AS u95_j, " +
      kTruth +
      " FROM outermost t JOIN task_energy_row e ON e.producer = t.producer AND e.seq = t.seq GROUP "
      "BY e.domain) a ON a.domain = b.domain GROUP BY b.domain ORDER BY b.domain");
  if (!table.ok()) return table.status();
  std::vector<Conservation> out;
  for (;;) {
    const Result<bool> more = table->next();
    if (!more.ok()) return more.status();
    if (!*more) return out;
    for (size_t row = 0; row < table->rows(); ++row) {
      const auto cell = [&](size_t column) { return table->cell(column, row); };
      Conservation& one = out.emplace_back();
      one.domain = cell(0).text;
      one.measured_j = cell(1).real;
      one.attributed_j = cell(2).real;
      one.idle_j = cell(3).real;
      one.unattributed_j = cell(4).real;
      one.residual_j = cell(5).real;
      if (std::abs(one.residual_j) <= kRoundingShare * std::abs(one.measured_j)) one.residual_j = 0;
      if (!cell(6).is_null) one.u95_j = cell(6).real;
      one.truth = cell(7).text;
      one.method = cell(8).text;
      one.assumption = cell(9).text;
    }
  }
}

}  // namespace

Result<EnergyTable> energy_table(const Session& session, const Thing* of) {
  const std::string scope = scope_sql(of);
  Result<ResultTable> rows = session.own_sql(
      scope +
      "SELECT m.workflow AS workflow_id, m.name AS workflow, e.domain, sum(e.attributed_j) AS "
      "attributed_j, sum(e.u95_j) AS u95_j, sum(t.dur) / 1e9 AS time_s, count(*) AS tasks, " +
      kTruth +
      " FROM outermost t JOIN task_energy_row e ON e.producer = t.producer AND e.seq = t.seq "
      "JOIN mine m ON m.wf = t.wf WHERE e.attributed_j IS NOT NULL "
      "GROUP BY m.workflow, m.name, m.begin_ns, e.domain ORDER BY m.begin_ns, m.workflow, "
      "e.domain");
  if (!rows.ok()) return rows.status();
  auto conservation = read_conservation(session, scope);
  if (!conservation.ok()) return conservation.status();
  return EnergyTable{std::move(*rows), std::move(*conservation)};
}

}  // namespace headrace::query

#include "query/workflow_figures.h"

#include <utility>
#include <vector>

#include "query/domain_sum.h"

namespace headrace::query {
namespace {

using Domains = std::unordered_map<std::string, std::vector<DomainEnergy>>;

Status read_statuses(const Session& session, WorkflowFigures* out) {
  Result<ResultTable> table = session.own_sql(
      "SELECT w.workflow, w.campaign, sum(t.failed)::BIGINT, sum(t.running)::BIGINT FROM (SELECT "
      "wf, count(*) FILTER (status IN (3, 5)) AS failed, 0 AS running FROM task_slots GROUP BY wf "
      "UNION ALL SELECT wf, count(*) FILTER (status IN (3, 5)), count(*) FILTER (status = 1) FROM "
      "open_task GROUP BY wf) t JOIN workflow_row w ON w.wf = t.wf GROUP BY ALL");
  if (!table.ok()) return table.status();
  for (;;) {
    const Result<bool> more = table->next();
    if (!more.ok()) return more.status();
    if (!*more) return {};
    for (size_t row = 0; row < table->rows(); ++row) {
      for (const auto& [column, sums] : {std::pair{0, &out->workflows}, {1, &out->campaigns}}) {
        const Cell id = table->cell(static_cast<size_t>(column), row);
        if (id.is_null) continue;
        Figures& figures = (*sums)[id.text];
        figures.failed += static_cast<int64_t>(table->cell(2, row).real);
        figures.running += static_cast<int64_t>(table->cell(3, row).real);
      }
    }
  }
}

// By domain, of the outermost tasks.
Status read_energy(const Session& session, const char* id, Domains* out) {
  Result<ResultTable> table = session.own_sql(
      "WITH task AS (SELECT producer, seq, wf, parent_producer, parent_seq FROM task_slots UNION "
      "ALL SELECT producer, seq, wf, parent_producer, parent_seq FROM open_task), outermost AS "
      "(SELECT t.producer, t.seq, t.wf FROM task t ANTI JOIN task o ON o.producer = "
      "t.parent_producer AND o.seq = t.parent_seq) SELECT w." +
      std::string(id) +
      ", e.domain, CASE WHEN count(*) = count(e.attributed_j) THEN sum(e.attributed_j) END, CASE "
      "WHEN count(DISTINCT e.truth) > 1 THEN 'mixed' ELSE any_value(e.truth) END FROM outermost t "
      "JOIN task_energy_row e ON e.producer = t.producer AND e.seq = t.seq JOIN workflow_row w ON "
      "w.wf = t.wf WHERE w." +
      id + " IS NOT NULL GROUP BY ALL");
  if (!table.ok()) return table.status();
  for (;;) {
    const Result<bool> more = table->next();
    if (!more.ok()) return more.status();
    if (!*more) return {};
    for (size_t row = 0; row < table->rows(); ++row) {
      DomainEnergy& one = (*out)[table->cell(0, row).text].emplace_back();
      one.domain = table->cell(1, row).text;
      if (const Cell joules = table->cell(2, row); !joules.is_null) one.attributed_j = joules.real;
      one.truth = table->cell(3, row).text;
    }
  }
}

}  // namespace

Result<WorkflowFigures> workflow_figures(const Session& session) {
  WorkflowFigures out;
  HEADRACE_RETURN_IF_ERROR(read_statuses(session, &out));
  for (const auto& [id, sums] :
       {std::pair{"workflow", &out.workflows}, {"campaign", &out.campaigns}}) {
    Domains domains;
    HEADRACE_RETURN_IF_ERROR(read_energy(session, id, &domains));
    for (const auto& [name, list] : domains) {
      const EnergySum sum = sum_domains(list);
      (*sums)[name].energy_j = sum.joules;
      (*sums)[name].energy_truth = sum.truth;
    }
  }
  return out;
}

}  // namespace headrace::query

#include "query/workflow_figures.h"

#include <utility>
#include <vector>

#include "query/domain_sum.h"
#include "query/energy_sums.h"

namespace headrace::query {
namespace {

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

// Over domains that do not overlap; nothing as soon as one task's figure is unknown.
void set_energy(const std::vector<EnergySums>& list, Figures* figures) {
  std::vector<DomainEnergy> domains;
  for (const EnergySums& one : list) {
    DomainEnergy& domain = domains.emplace_back();
    domain.domain = one.domain;
    if (one.unknown == 0) domain.attributed_j = one.attributed_j;
    domain.truth = one.truth;
  }
  const EnergySum sum = sum_domains(domains);
  figures->energy_j = sum.joules;
  figures->energy_truth = sum.truth;
}

}  // namespace

Result<WorkflowFigures> workflow_figures(const Session& session) {
  WorkflowFigures out;
  HEADRACE_RETURN_IF_ERROR(read_statuses(session, &out));
  const auto energy = energy_sums(session, nullptr);
  if (!energy.ok()) return energy.status();
  std::unordered_map<std::string, std::vector<EnergySums>> of_campaign;
  std::unordered_map<std::string, std::vector<EnergySums>> of_workflow;
  for (const EnergySums& one : *energy) {
    of_workflow[one.workflow_id].push_back(one);
    if (!one.campaign_id.empty()) of_campaign[one.campaign_id].push_back(one);
  }
  for (const auto& [id, list] : of_workflow) set_energy(list, &out.workflows[id]);
  for (const auto& [id, list] : of_campaign) set_energy(over_workflows(list), &out.campaigns[id]);
  return out;
}

}  // namespace headrace::query

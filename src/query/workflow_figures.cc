#include "query/workflow_figures.h"

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "query/domain_sum.h"

namespace headrace::query {
namespace {

Status read_statuses(const Session& session, WorkflowFigures* out) {
  Result<TaskSums> sums = task_sums(session);
  if (!sums.ok()) return sums.status();
  out->tasks = std::move(*sums);
  Result<ResultTable> table = session.own_sql("SELECT wf, workflow, campaign FROM workflow_row");
  if (!table.ok()) return table.status();
  std::unordered_map<uint32_t, std::pair<std::string, std::string>> ids;
  for (;;) {
    const Result<bool> more = table->next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    for (size_t row = 0; row < table->rows(); ++row) {
      ids.emplace(static_cast<uint32_t>(table->cell(0, row).real),
                  std::pair(table->cell(1, row).text, table->cell(2, row).text));
    }
  }
  for (const TaskSum& sum : out->tasks.all) {
    const auto found = ids.find(sum.workflow);
    if (found == ids.end()) continue;
    const auto& [workflow, campaign] = found->second;
    for (Figures* figures :
         {&out->workflows[workflow], campaign.empty() ? nullptr : &out->campaigns[campaign]}) {
      if (figures == nullptr) continue;
      figures->failed += sum.failed + sum.lost;
      figures->running += sum.running;
    }
  }
  return {};
}

// Over domains that do not overlap; nothing as soon as one task's figure is unknown.
void set_energy(const std::vector<EnergySums>& list, Figures* figures) {
  std::vector<DomainEnergy> domains;
  for (const EnergySums& one : list) {
    DomainEnergy& domain = domains.emplace_back();
    domain.domain = one.domain;
    if (one.unknown == 0) domain.attributed_j = one.attributed_j;
    domain.truth = one.truth;
    domain.u95_j = one.u95_j;
  }
  const EnergySum sum = sum_domains(domains);
  figures->energy_j = sum.joules;
  if (sum.joules) figures->energy_u95_j = sum.u95_j;
  figures->energy_truth = sum.truth;
}

}  // namespace

Result<WorkflowFigures> workflow_figures(const Session& session) {
  WorkflowFigures out;
  HEADRACE_RETURN_IF_ERROR(read_statuses(session, &out));
  Result<AllEnergySums> energy = all_energy_sums(session);
  if (!energy.ok()) return energy.status();
  out.energy = std::move(*energy);
  std::unordered_map<std::string, std::vector<EnergySums>> of_campaign;
  std::unordered_map<std::string, std::vector<EnergySums>> of_workflow;
  for (const EnergySums& one : out.energy.sums) {
    of_workflow[one.workflow_id].push_back(one);
    if (!one.campaign_id.empty()) of_campaign[one.campaign_id].push_back(one);
  }
  for (const auto& [id, list] : of_workflow) set_energy(list, &out.workflows[id]);
  for (const auto& [id, list] : of_campaign) set_energy(over_workflows(list), &out.campaigns[id]);
  return out;
}

}  // namespace headrace::query

#include "top/read_energy.h"

#include <set>
#include <string>
#include <vector>

#include "model/emulated.h"
#include "query/domain_sum.h"
#include "query/emulated_domains.h"
#include "query/workflow_figures.h"

namespace headrace::top {

Result<EnergyFigures> read_energy(const query::Session& session,
                                  const std::map<uint32_t, WorkflowFacts>& workflows) {
  EnergyFigures out;
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  Result<store::QueryResult> rows = connection->query(
      "SELECT wf, activity, domain, CASE WHEN count(*) = count(coalesce(share_j, attributed_j)) "
      "THEN sum(coalesce(share_j, attributed_j)) END, CASE WHEN count(DISTINCT truth) > 1 THEN "
      "'mixed' ELSE "
      "any_value(truth) END FROM task_energy_row GROUP BY ALL");
  if (!rows.ok()) return rows.status();
  const Result<query::EmulatedDomains> emulated = query::EmulatedDomains::read(session);
  if (!emulated.ok()) return emulated.status();
  std::map<std::pair<uint32_t, uint32_t>, std::vector<query::DomainEnergy>> domains;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      auto& list = domains[{static_cast<uint32_t>(c.integer(0, row)),
                            static_cast<uint32_t>(c.integer(1, row))}];
      query::DomainEnergy& one = list.emplace_back();
      one.domain = c.text(2, row);
      if (!c.is_null(3, row)) one.attributed_j = c.real(3, row);
      one.truth = emulated->shown(one.domain, std::string(c.text(4, row)));
    }
  }
  if (domains.empty()) return out;
  std::set<uint32_t> emulated_workflows;
  for (const auto& [key, list] : domains) {
    const query::EnergySum sum = query::sum_domains(list);
    out.activities[key] = {sum.joules, sum.truth};
    if (sum.truth == kEmulatedTruth) emulated_workflows.insert(key.first);
  }
  const Result<query::WorkflowFigures> figures = query::workflow_figures(session);
  if (!figures.ok()) return figures.status();
  for (const auto& [number, workflow] : workflows) {
    const auto found = figures->workflows.find(workflow.id.text());
    if (found == figures->workflows.end() || !found->second.energy_j) continue;
    const bool is_emulated = emulated_workflows.contains(number);
    out.workflows[number] = {found->second.energy_j,
                             is_emulated ? kEmulatedTruth : found->second.energy_truth};
  }
  return out;
}

}  // namespace headrace::top

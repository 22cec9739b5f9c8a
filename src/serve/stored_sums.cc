#include "serve/stored_sums.h"

#include <iterator>
#include <map>

#include "model/status.h"
#include "query/result_table.h"
#include "query/workflow_figures.h"

namespace headrace::serve {
namespace {

constexpr size_t kStatuses = 6;  // of model/status.h
constexpr size_t kMostCampaigns = 100;

void read_records(const query::Session& session, StoredSums* out) {
  static constexpr const char* kStates[] = {"accepted",    "stored",  "spooled",
                                            "quarantined", "dropped", "missing"};
  const auto records = session.rows(
      "SELECT coalesce(sum(accepted), 0), coalesce(sum(stored), 0), coalesce(sum(spooled), 0), "
      "coalesce(sum(quarantined), 0), coalesce(sum(dropped), 0), coalesce(sum(missing), 0) "
      "FROM accounting");
  if (!records.ok() || records->empty()) return;
  for (size_t i = 0; i < std::size(kStates); ++i) {
    out->records.emplace_back(kStates[i], (*records)[0][i].real);
  }
}

void read_energy(const query::Session& session, StoredSums* out) {
  const auto energy = session.rows(
      "SELECT domain, truth, sum(measured_j), sum(attributed_j), sum(idle_j), sum(unattributed_j) "
      "FROM energy_balance GROUP BY ALL ORDER BY 1, 2");
  if (!energy.ok()) return;
  for (const auto& row : *energy) {
    out->energy.push_back(
        {row[0].text, row[1].text, row[2].real, row[3].real, row[4].real, row[5].real});
  }
}

StoredSums::ByStatus no_tasks() {
  StoredSums::ByStatus out;
  for (size_t status = 0; status < kStatuses; ++status) {
    out.emplace_back(name_of(static_cast<TaskStatus>(status)), 0);
  }
  return out;
}

void read_tasks(const query::Session& session, StoredSums* out) {
  out->tasks = no_tasks();
  const auto tasks = session.rows(
      "SELECT coalesce(w.campaign::VARCHAR, ''), t.status::BIGINT, sum(t.tasks)::BIGINT FROM "
      "(SELECT wf, status, count(*) AS tasks FROM task_slots GROUP BY ALL UNION ALL SELECT wf, "
      "status, count(*) FROM open_task GROUP BY ALL) t LEFT JOIN workflow_row w ON w.wf = t.wf "
      "GROUP BY ALL");
  if (!tasks.ok()) return;
  std::map<std::string, StoredSums::ByStatus> by_campaign;
  for (const auto& row : *tasks) {
    const auto status = static_cast<size_t>(row[1].real);
    if (status >= kStatuses) continue;
    const auto count = static_cast<uint64_t>(row[2].real);
    out->tasks[status].second += count;
    by_campaign.try_emplace(row[0].text, no_tasks()).first->second[status].second += count;
  }
  const auto campaigns = session.rows(
      "SELECT campaign_id::VARCHAR, name FROM campaign ORDER BY started_at DESC NULLS LAST, name "
      "LIMIT " +
      std::to_string(kMostCampaigns));
  if (!campaigns.ok()) return;
  const auto figures = query::workflow_figures(session);
  for (const auto& row : *campaigns) {
    StoredSums::Campaign& campaign = out->campaigns.emplace_back();
    campaign.id = row[0].text;
    campaign.name = row[1].text;
    const auto found = by_campaign.find(campaign.id);
    campaign.tasks = found == by_campaign.end() ? no_tasks() : found->second;
    if (!figures.ok()) continue;
    const auto sums = figures->campaigns.find(campaign.id);
    if (sums != figures->campaigns.end()) campaign.energy_j = sums->second.energy_j;
  }
}

}  // namespace

std::shared_ptr<const StoredSums> read_stored_sums(const query::Session& session) {
  auto out = std::make_shared<StoredSums>();
  read_records(session, out.get());
  read_tasks(session, out.get());
  read_energy(session, out.get());
  return out;
}

}  // namespace headrace::serve

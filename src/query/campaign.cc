#include "query/campaign.h"

#include <vector>

#include "query/nearest.h"

namespace headrace::query {

Result<CampaignName> find_campaign(const Session& session, const std::string& text) {
  // From the table: the view counts the tasks of all campaigns first.
  const Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  auto rows = connection->query("SELECT campaign, name FROM campaign_row ORDER BY begin_ns DESC");
  if (!rows.ok()) return rows.status();
  std::vector<CampaignName> campaigns;
  std::vector<std::string> names;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      campaigns.push_back({c.uuid(0, row).text(), std::string(c.text(1, row))});
      names.push_back(campaigns.back().name);
    }
  }
  for (const CampaignName& campaign : campaigns) {
    if (campaign.name == text) return campaign;
  }
  if (text.size() >= 4) {
    for (const CampaignName& campaign : campaigns) {
      if (campaign.id.starts_with(text)) return campaign;
    }
  }
  if (names.empty()) {
    return not_found("there is no campaign " + text +
                     "; none was captured (a program names one with "
                     "hr.campaign(\"" +
                     text + "\"), or headrace run --campaign " + text + " -- CMD)");
  }
  const auto near = nearest_names(text, names);
  return not_found("there is no campaign " + text +
                   (near.empty() ? "; there are " + listed(names) : did_you_mean(near)));
}

std::string workflows_sql(const CampaignName& campaign) {
  return "(SELECT wf FROM workflow_row WHERE campaign = " + store::sql_text(campaign.id) + ")";
}

}  // namespace headrace::query

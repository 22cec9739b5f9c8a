#include "query/campaign.h"

#include <vector>

#include "query/nearest.h"

namespace headrace::query {

Result<CampaignName> find_campaign(const Session& session, const std::string& text) {
  auto rows = session.rows("SELECT campaign_id, name FROM campaign ORDER BY started_at DESC");
  if (!rows.ok()) return rows.status();
  std::vector<std::string> names;
  for (const auto& row : *rows) {
    if (row[1].text == text) return CampaignName{row[0].text, row[1].text};
    names.push_back(row[1].text);
  }
  if (text.size() >= 4) {
    for (const auto& row : *rows) {
      if (row[0].text.rfind(text, 0) == 0) return CampaignName{row[0].text, row[1].text};
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

}  // namespace headrace::query

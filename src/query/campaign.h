// Finding a campaign by what a person typed.
#pragma once

#include <string>

#include "base/status.h"
#include "query/session.h"

namespace headrace::query {

struct CampaignName {
  std::string id;
  std::string name;
};

// By its name, or by the beginning of its id (4 digits or more). kNotFound lists the nearest or
// all.
Result<CampaignName> find_campaign(const Session& session, const std::string& text);

// SQL that gives the numbers of its workflows in the rows of the store.
std::string workflows_sql(const CampaignName& campaign);

}  // namespace headrace::query

#include "query/emulated_domains.h"

#include <utility>

#include "model/emulated.h"

namespace headrace::query {

Result<EmulatedDomains> EmulatedDomains::read(const Session& session, const std::string& reach) {
  const auto rows = session.rows(
      std::string("SELECT DISTINCT domain FROM sensor_row WHERE quantity = 'hw.energy' AND "
                  "assumption = '") +
      kEmulatedAssumption + "'" + (reach.empty() ? "" : " AND producer IN " + reach));
  if (!rows.ok()) return rows.status();
  std::set<std::string> domains;
  for (const auto& row : *rows) domains.insert(row[0].text);
  return EmulatedDomains(std::move(domains));
}

std::string EmulatedDomains::shown(const std::string& domain, const std::string& truth) const {
  return is_emulated(domain, truth) ? kEmulatedTruth : truth;
}

std::string shown_truth(const std::string& truth, std::string_view assumption) {
  return truth != "estimated" && assumption.starts_with(kEmulatedAssumption) ? kEmulatedTruth
                                                                             : truth;
}

std::string joint_truth(const std::string& a, const std::string& b) {
  if (a.empty() || a == b) return b;
  if (b.empty()) return a;
  return a == kEmulatedTruth || b == kEmulatedTruth ? kEmulatedTruth : "mixed";
}

}  // namespace headrace::query

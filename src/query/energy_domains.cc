#include "query/energy_domains.h"

#include <cmath>

#include "query/cell_value.h"

namespace headrace::query {

Result<std::vector<EnergyDomain>> energy_domains(const Session& session, const std::string& reach) {
  const auto rows = session.rows(
      "SELECT domain, coalesce(parent, '') AS parent, role, CASE WHEN count(DISTINCT truth) > 1 "
      "THEN 'mixed' ELSE any_value(truth) END, count(*), sum(measured_uj) / 1e6, "
      "sum(children_uj) / 1e6, sum(other_uj) / 1e6, sum(uncompared_uj) / 1e6, sum(tolerance_j), "
      "coalesce(bool_or(inconsistent), false)::BIGINT, sum(coverage * (end_ts - begin_ts)) / "
      "nullif(sum(end_ts - begin_ts) FILTER (coverage IS NOT NULL), 0), "
      "coalesce(string_agg(DISTINCT reason, '; ' ORDER BY reason), '') FROM energy_domain_row "
      "WHERE producer IN " +
      reach + " GROUP BY domain, parent, role ORDER BY domain, parent");
  if (!rows.ok()) return rows.status();
  std::vector<EnergyDomain> out;
  for (const auto& row : *rows) {
    EnergyDomain& one = out.emplace_back();
    one.domain = row[0].text;
    one.parent = row[1].text;
    one.role = row[2].text;
    one.truth = row[3].text;
    one.counters = static_cast<int64_t>(std::llround(row[4].real));
    one.measured_j = row[5].real;
    one.children_j = real_of(row[6]);
    one.other_j = real_of(row[7]);
    one.uncompared_j = real_of(row[8]);
    one.tolerance_j = real_of(row[9]);
    one.inconsistent = row[10].real != 0;
    one.coverage = real_of(row[11]);
    one.reason = row[12].text;
  }
  return out;
}

}  // namespace headrace::query

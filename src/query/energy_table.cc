#include "query/energy_table.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "query/emulated_domains.h"
#include "query/energy_reach.h"

namespace headrace::query {
namespace {

// What counters of joules divide by: a residual below is rounding.
constexpr double kRoundingShare = 1e-9;

Result<std::vector<Conservation>> read_conservation(const Session& session, const Thing* of,
                                                    const std::vector<EnergySums>& domains) {
  const Result<std::string> reach = energy_reach(session, of);
  if (!reach.ok()) return reach.status();
  const Result<EmulatedDomains> emulated = EmulatedDomains::read(session, *reach);
  if (!emulated.ok()) return emulated.status();
  Result<ResultTable> table = session.own_sql(
      "SELECT b.domain, sum(measured_uj) / 1e6, sum(attributed_uj) / 1e6, sum(idle_uj) / 1e6, "
      "sum(unattributed_uj) / 1e6, sum(measured_uj - attributed_uj - idle_uj - unattributed_uj) / "
      "1e6, CASE WHEN count(DISTINCT b.truth) > 1 THEN 'mixed' ELSE any_value(b.truth) END FROM "
      "energy_balance_row b WHERE b.producer IN " +
      *reach + " GROUP BY b.domain ORDER BY b.domain");
  if (!table.ok()) return table.status();
  std::vector<Conservation> out;
  for (;;) {
    const Result<bool> more = table->next();
    if (!more.ok()) return more.status();
    if (!*more) return out;
    for (size_t row = 0; row < table->rows(); ++row) {
      const auto cell = [&](size_t column) { return table->cell(column, row); };
      Conservation& one = out.emplace_back();
      one.domain = cell(0).text;
      one.measured_j = cell(1).real;
      one.attributed_j = cell(2).real;
      one.idle_j = cell(3).real;
      one.unattributed_j = cell(4).real;
      one.residual_j = cell(5).real;
      if (std::abs(one.residual_j) <= kRoundingShare * std::abs(one.measured_j)) one.residual_j = 0;
      one.truth = emulated->shown(one.domain, cell(6).text);
      const auto tasks = std::find_if(domains.begin(), domains.end(),
                                      [&](const EnergySums& d) { return d.domain == one.domain; });
      if (tasks == domains.end()) continue;
      one.u95_j = tasks->u95_j;
      one.method = tasks->method;
      one.assumption = tasks->assumption;
    }
  }
}

}  // namespace

Result<EnergyTable> energy_table(const Session& session, const Thing* of) {
  auto sums = energy_sums(session, of);
  if (!sums.ok()) return sums.status();
  auto conservation = read_conservation(session, of, over_workflows(*sums));
  if (!conservation.ok()) return conservation.status();
  std::erase_if(*sums, [](const EnergySums& one) { return one.tasks == 0; });
  return EnergyTable{std::move(*sums), std::move(*conservation)};
}

}  // namespace headrace::query

#include "query/energy_reach.h"

#include <map>
#include <set>
#include <vector>

namespace headrace::query {
namespace {

constexpr const char* kLinks =
    "SELECT DISTINCT producer, parent_producer FROM (SELECT producer, parent_producer FROM "
    "task_slots UNION ALL SELECT producer, parent_producer FROM open_task) WHERE parent_producer "
    "<> producer";

// Processes of a host with a measured counter whose samples overlap, each with the one that was
// sampled longest of those before it.
constexpr const char* kNeighbours = R"sql(
WITH span AS (
  SELECT p.hostname, d.producer, min(s.ts) AS first, max(s.ts) AS last
  FROM sample_row s JOIN sensor_row d ON d.sensor = s.sensor
  JOIN producer_row p ON p.producer = d.producer
  WHERE p.hostname IN (
    SELECT q.hostname FROM sensor_row e JOIN producer_row q ON q.producer = e.producer
    WHERE e.quantity = 'hw.energy' AND e.truth = 'measured')
  GROUP BY ALL)
SELECT producer, before FROM (
  SELECT producer, first, arg_max(producer, last) OVER earlier AS before,
    max(last) OVER earlier AS until
  FROM span WINDOW earlier AS (PARTITION BY hostname ORDER BY first, producer
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))
WHERE first <= until
)sql";

using Numbers = std::set<int64_t>;
using Links = std::map<int64_t, std::vector<int64_t>>;

Status add_links(const Session& session, const char* sql, Links* links) {
  const auto rows = session.rows(sql);
  if (!rows.ok()) return rows.status();
  for (const auto& row : *rows) {
    const auto a = static_cast<int64_t>(row[0].real);
    const auto b = static_cast<int64_t>(row[1].real);
    (*links)[a].push_back(b);
    (*links)[b].push_back(a);
  }
  return {};
}

Result<Numbers> that_ran(const Session& session, const Thing& of) {
  const auto rows = session.rows(
      std::string("SELECT DISTINCT producer FROM (SELECT producer, wf FROM task_slots UNION ALL "
                  "SELECT producer, wf FROM open_task) WHERE wf IN (SELECT wf FROM workflow_row "
                  "WHERE ") +
      (of.kind == ThingKind::kCampaign ? "campaign" : "workflow") + " = '" + of.id + "')");
  if (!rows.ok()) return rows.status();
  Numbers out;
  for (const auto& row : *rows) out.insert(static_cast<int64_t>(row[0].real));
  return out;
}

}  // namespace

Result<std::string> energy_reach(const Session& session, const Thing* of) {
  if (of == nullptr) return std::string("(SELECT producer FROM producer_row)");
  Result<Numbers> reached = that_ran(session, *of);
  if (!reached.ok()) return reached.status();
  Links links;
  HEADRACE_RETURN_IF_ERROR(add_links(session, kLinks, &links));
  HEADRACE_RETURN_IF_ERROR(add_links(session, kNeighbours, &links));
  std::vector<int64_t> next(reached->begin(), reached->end());
  while (!next.empty()) {
    const auto found = links.find(next.back());
    next.pop_back();
    if (found == links.end()) continue;
    for (const int64_t one : found->second) {
      if (reached->insert(one).second) next.push_back(one);
    }
  }
  std::string out;
  for (const int64_t one : *reached) out += (out.empty() ? "(" : ", ") + std::to_string(one);
  return out.empty() ? "(NULL)" : out + ")";
}

}  // namespace headrace::query

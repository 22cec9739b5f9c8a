#include "query/shown_energy.h"

#include "query/domain_sum.h"
#include "query/emulated_domains.h"
#include "query/task_rows.h"

namespace headrace::query {
namespace {

// What can be told of both.
std::string lesser(const std::string& a, std::string_view b) {
  if (a == "unresolved" || b == "unresolved") return "unresolved";
  if (a == "grouped" || b == "grouped") return "grouped";
  return std::string(b);
}

}  // namespace

Result<std::unordered_map<Uuid, ShownEnergy>> energy_of_tasks(const Session& session,
                                                              const std::vector<Uuid>& tasks) {
  std::unordered_map<Uuid, ShownEnergy> out;
  if (tasks.empty()) return out;
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  const Result<TaskRows> ids = TaskRows::open(*connection);
  if (!ids.ok()) return ids.status();
  Result<store::QueryResult> rows = connection->query(
      "SELECT e.producer, e.seq, e.domain, e.attributed_j, e.u95_j, e.truth, e.resolution, "
      "coalesce(e.assumption, '') FROM "
      "task_energy_row e WHERE " +
      ids->are(tasks, "e"));
  if (!rows.ok()) return rows.status();
  std::unordered_map<Uuid, std::vector<DomainEnergy>> domains;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      const Uuid task = ids->id(c.integer(0, row), c.integer(1, row));
      DomainEnergy& one = domains[task].emplace_back();
      ShownEnergy& shown = out[task];
      one.domain = c.text(2, row);
      if (!c.is_null(3, row)) one.attributed_j = c.real(3, row);
      if (!c.is_null(4, row)) one.u95_j = c.real(4, row);
      one.truth = shown_truth(std::string(c.text(5, row)), c.text(7, row));
      if (!c.is_null(6, row)) shown.resolution = lesser(shown.resolution, c.text(6, row));
    }
  }
  for (const auto& [task, list] : domains) {
    const EnergySum sum = sum_domains(list);
    ShownEnergy& shown = out[task];
    shown.energy_j = sum.joules;
    shown.truth = sum.truth;
    if (sum.joules) shown.u95_j = sum.u95_j;
  }
  return out;
}

}  // namespace headrace::query

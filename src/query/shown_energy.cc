#include "query/shown_energy.h"

#include "query/domain_sum.h"
#include "query/task_rows.h"

namespace headrace::query {

Result<std::unordered_map<Uuid, double>> energy_of_tasks(const Session& session,
                                                         const std::vector<Uuid>& tasks) {
  std::unordered_map<Uuid, double> out;
  if (tasks.empty()) return out;
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  const Result<TaskRows> ids = TaskRows::open(*connection);
  if (!ids.ok()) return ids.status();
  Result<store::QueryResult> rows = connection->query(
      "SELECT e.producer, e.seq, e.domain, e.attributed_j FROM task_energy_row e WHERE " +
      ids->are(tasks, "e"));
  if (!rows.ok()) return rows.status();
  std::unordered_map<Uuid, std::vector<DomainEnergy>> domains;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      DomainEnergy& one = domains[ids->id(c.integer(0, row), c.integer(1, row))].emplace_back();
      one.domain = c.text(2, row);
      if (!c.is_null(3, row)) one.attributed_j = c.real(3, row);
    }
  }
  for (const auto& [task, list] : domains) {
    if (const auto joules = sum_domains(list).joules) out.emplace(task, *joules);
  }
  return out;
}

}  // namespace headrace::query

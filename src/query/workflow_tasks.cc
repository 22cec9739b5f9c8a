#include "query/workflow_tasks.h"

#include "query/task_rows.h"

namespace headrace::query {
namespace {

std::string of_workflow(const Uuid& workflow) {
  return "wf = (SELECT wf FROM workflow_row WHERE workflow = '" + workflow.text() + "')";
}

}  // namespace

Result<WorkflowTasks> read_workflow_tasks(const Session& session, const Uuid& workflow) {
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  Result<TaskRows> ids = TaskRows::open(*connection);
  if (!ids.ok()) return ids.status();
  Result<store::QueryResult> rows = connection->query(
      "SELECT t.producer, t.seq, a.name, t.ts, t.ts + t.dur, p.hostname, p.rank, "
      "t.parent_producer, t.parent_seq FROM task_slots t "
      "LEFT JOIN activity_row a ON a.activity = t.activity "
      "LEFT JOIN producer_row p ON p.producer = t.producer "
      "WHERE t.dur IS NOT NULL AND t." +
      of_workflow(workflow) + " ORDER BY t.ts, t.ts + t.dur DESC, t.seq");
  if (!rows.ok()) return rows.status();
  WorkflowTasks out;
  std::vector<Uuid> parents;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      WorkflowTask task;
      const int64_t producer = c.integer(0, row);
      const int64_t seq = c.integer(1, row);
      task.id = ids->id(producer, seq);
      task.activity = c.text(2, row);
      task.began_ns = c.integer(3, row);
      task.ended_ns = c.integer(4, row);
      // The ring that drew the number is the thread's own.
      task.thread =
          static_cast<uint64_t>(producer) << 24 | static_cast<uint64_t>(seq) >> kTaskCounterBits;
      task.hostname = c.text(5, row);
      if (!c.is_null(6, row)) task.rank = c.integer(6, row);
      parents.push_back(c.is_null(8, row) ? Uuid{} : ids->id(c.integer(7, row), c.integer(8, row)));
      out.numbers.emplace(task.id, out.tasks.size());
      out.tasks.push_back(std::move(task));
    }
  }
  for (size_t i = 0; i < parents.size(); ++i) {
    const auto parent = out.numbers.find(parents[i]);
    if (parent == out.numbers.end() || parent->second == i) continue;
    out.tasks[i].parent = parent->second;
    ++out.tasks[parent->second].children;
  }
  const std::string mine = " SEMI JOIN (SELECT producer, seq FROM task_slots WHERE " +
                           of_workflow(workflow) +
                           ") m ON m.producer = e.producer AND m.seq = e.seq WHERE e.relation = ";
  Result<store::QueryResult> edges = connection->query(
      "WITH made AS (SELECT e.object, e.producer, e.seq, e.name FROM edge_row e" + mine +
      "1), used AS (SELECT e.object, e.producer, e.seq FROM edge_row e" + mine +
      "0) SELECT made.producer, made.seq, used.producer, used.seq, coalesce(made.name, '') FROM "
      "made JOIN used ON used.object = made.object");
  if (!edges.ok()) return edges.status();
  while (edges->next()) {
    const store::Chunk& c = edges->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      const auto made = out.numbers.find(ids->id(c.integer(0, row), c.integer(1, row)));
      const auto used = out.numbers.find(ids->id(c.integer(2, row), c.integer(3, row)));
      if (made == out.numbers.end() || used == out.numbers.end()) continue;
      if (made->second == used->second) continue;
      out.dependencies.push_back({made->second, used->second, std::string(c.text(4, row))});
    }
  }
  return out;
}

}  // namespace headrace::query

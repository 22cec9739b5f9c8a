#include "query/task_rows.h"

namespace headrace::query {

Result<TaskRows> TaskRows::open(const store::Connection& connection) {
  Result<store::QueryResult> rows = connection.query("SELECT producer, uid FROM producer_row");
  if (!rows.ok()) return rows.status();
  TaskRows out;
  while (rows->next()) {
    for (size_t row = 0; row < rows->chunk().rows(); ++row) {
      const int64_t number = rows->chunk().integer(0, row);
      const auto producer = static_cast<ProducerId>(rows->chunk().integer(1, row));
      out.numbers_.emplace(producer, number);
      out.producers_.emplace(number, producer);
    }
  }
  return out;
}

std::string TaskRows::are(const std::vector<Uuid>& tasks, const std::string& alias) const {
  std::string values;
  for (const Uuid& task : tasks) {
    const TaskRef ref = split_task_uuid(task);
    const auto producer = numbers_.find(ref.producer);
    if (producer == numbers_.end()) continue;
    values += (values.empty() ? "(" : ", (") + std::to_string(producer->second) + ", " +
              std::to_string(ref.number) + ")";
  }
  if (values.empty()) return "false";
  // Compared with constants, whole blocks are left out unread.
  if (tasks.size() == 1) {
    const TaskRef ref = split_task_uuid(tasks.front());
    return "(" + alias + ".producer = " + std::to_string(numbers_.at(ref.producer)) + " AND " +
           alias + ".seq = " + std::to_string(ref.number) + ")";
  }
  return "(" + alias + ".producer, " + alias + ".seq) IN (VALUES " + values + ")";
}

std::string TaskRows::lie_in(const Uuid& task, const std::string& alias) const {
  const TaskRef ref = split_task_uuid(task);
  const auto producer = numbers_.find(ref.producer);
  if (producer == numbers_.end()) return "false";
  return "(" + alias + ".parent_producer = " + std::to_string(producer->second) + " AND " + alias +
         ".parent_seq = " + std::to_string(ref.number) + ")";
}

Uuid TaskRows::id(int64_t producer, int64_t seq) const {
  const auto found = producers_.find(producer);
  return found == producers_.end() ? Uuid{}
                                   : task_uuid(found->second, static_cast<TaskNumber>(seq));
}

}  // namespace headrace::query

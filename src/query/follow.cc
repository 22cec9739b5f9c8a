#include "query/follow.h"

#include <utility>

#include "store/database.h"

namespace headrace::query {

Result<NewTasks> new_tasks(const Session& session, const Selection& selection, int64_t seen_rows,
                           const std::string& own_host, int64_t own_pid) {
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  const Result<int64_t> last =
      connection->integer("SELECT coalesce(max(rowid), -1) FROM task_slots");
  if (!last.ok()) return last.status();
  const Result<int64_t> writing = connection->integer(
      "SELECT count(*) FROM producer WHERE state = 'running' AND NOT (pid = " +
      std::to_string(own_pid) + " AND hostname = " + store::sql_text(own_host) + ")");
  if (!writing.ok()) return writing.status();
  Selection fresh = selection;
  fresh.after_row = seen_rows;
  Result<ResultTable> rows = select(session, fresh);
  if (!rows.ok()) return rows.status();
  return NewTasks{std::move(*rows), *last, *writing == 0};
}

}  // namespace headrace::query

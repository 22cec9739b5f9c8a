#include "query/follow.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <utility>

#include "store/database.h"

namespace headrace::query {
namespace {

// What a task's own record says; nothing that comes later changes it.
constexpr std::array<std::string_view, 12> kSettled = {
    "id",       "activity", "status",    "parent", "started", "ended",
    "duration", "used",     "generated", "tag",    "attempt", "error"};

// Which file it is: one that was put in the place of another differs in number or birth.
std::string identity(const std::filesystem::path& file) {
  struct statx facts {};
  if (statx(AT_FDCWD, file.c_str(), 0, STATX_INO | STATX_BTIME, &facts) != 0) return "";
  return std::to_string(facts.stx_dev_major) + "." + std::to_string(facts.stx_dev_minor) + "." +
         std::to_string(facts.stx_ino) + "." + std::to_string(facts.stx_btime.tv_sec) + "." +
         std::to_string(facts.stx_btime.tv_nsec);
}

// The task that stands in a row; "" for none.
Result<std::string> task_in(const Session& session, int64_t row) {
  auto rows =
      session.rows("SELECT producer, seq FROM task_slots WHERE rowid = " + std::to_string(row));
  if (!rows.ok()) return rows.status();
  return rows->empty() ? std::string() : rows->front()[0].text + "." + rows->front()[1].text;
}

// "row file task": how far it was written, where, and what stood last.
Result<std::string> mark_of(const Session& session, int64_t row) {
  Result<std::string> task = task_in(session, row);
  if (!task.ok()) return task;
  return std::to_string(row) + " " + identity(session.store().file()) + " " + *task;
}

}  // namespace

bool is_settled(const Filter& filter) {
  switch (filter.kind) {
    case Filter::Kind::kSearch: return false;  // among names of workflows and machines too
    case Filter::Kind::kField: {
      const FilterField* field = find_field(FilterView::kTask, filter.path[0]);
      return field != nullptr &&
             std::find(kSettled.begin(), kSettled.end(), field->name) != kSettled.end();
    }
    default: return std::all_of(filter.parts.begin(), filter.parts.end(), is_settled);
  }
}

Result<NewTasks> new_tasks(const Session& session, const Selection& selection,
                           const std::string& mark, const std::string& own_host, int64_t own_pid) {
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  const Result<int64_t> last =
      connection->integer("SELECT coalesce(max(rowid), -1) FROM task_slots");
  if (!last.ok()) return last.status();
  const Result<int64_t> writing = connection->integer(
      "SELECT count(*) FROM producer WHERE state = 'running' AND NOT (pid = " +
      std::to_string(own_pid) + " AND hostname = " + store::sql_text(own_host) + ")");
  if (!writing.ok()) return writing.status();
  int64_t seen = -1;
  std::from_chars(mark.data(), mark.data() + mark.size(), seen);
  const Result<std::string> then = mark_of(session, seen);
  if (!then.ok()) return then.status();
  Result<std::string> now = mark_of(session, *last);
  if (!now.ok()) return now.status();

  Selection fresh = selection;
  const bool is_all = !mark.empty() && (mark != *then || !is_settled(selection.filter));
  if (is_all) {
    fresh.columns = {{"task_id"}};
  } else if (!mark.empty()) {
    fresh.after_row = seen;
  }
  Result<ResultTable> rows = select(session, fresh);
  if (!rows.ok()) return rows.status();
  return NewTasks{std::move(*rows), is_all, std::move(*now), *writing == 0};
}

}  // namespace headrace::query

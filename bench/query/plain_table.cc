#include "plain_table.h"

#include <bit>
#include <string>

#include "base/id.h"
#include "made_tasks.h"
#include "store/appender.h"

namespace headrace::bench {
namespace {

enum : size_t { kTaskId, kWorkflowId, kActivity, kStatus, kStartedAt, kDuration, kFirstKey };

const char* sql_type(ValueTag type) {
  switch (type) {
    case ValueTag::kInt: return "BIGINT";
    case ValueTag::kBool: return "BOOLEAN";
    case ValueTag::kString: return "VARCHAR";
    default: return "DOUBLE";
  }
}

std::string columns_sql() {
  std::string out =
      "task_id UUID, workflow_id UUID, activity VARCHAR, status VARCHAR, "
      "started_at TIMESTAMP_NS, duration_s DOUBLE";
  for (const Role role : {Role::kUsed, Role::kGenerated}) {
    for (uint32_t k = 0; k < kSharedKeys; ++k) {
      const MadeKey key = shared_key(role, k);
      out += ", \"" + std::string(role == Role::kUsed ? "used." : "generated.") + key.name + "\" " +
             sql_type(key.type);
    }
  }
  return out;
}

void put(store::Appender& rows, size_t column, ValueTag type, const collect::CellValue& value) {
  switch (type) {
    case ValueTag::kInt: rows.set(column, static_cast<int64_t>(value.cell)); break;
    case ValueTag::kBool: rows.set(column, value.cell != 0); break;
    case ValueTag::kString: rows.set_text(column, value.tail); break;
    default: rows.set(column, std::bit_cast<double>(value.cell)); break;
  }
}

void put_task(store::Appender& rows, const MadeTask& t) {
  rows.set_uuid(kTaskId, task_uuid(producer_uid(t.producer), t.number));
  rows.set_uuid(kWorkflowId, workflow_uuid(t.workflow));
  rows.set_text(kActivity, activity_name(t.activity));
  rows.set_text(kStatus, t.failed ? "failed" : "finished");
  rows.set(kStartedAt, collect::kEpoch_ns + t.begin_ns);
  rows.set(kDuration, static_cast<double>(t.end_ns - t.begin_ns) / 1e9);
  const std::array<uint32_t, 2> shared = shared_of(t.activity);
  for (size_t i = 0; i < shared.size(); ++i) {
    const size_t used = kFirstKey + shared[i];
    put(rows, used, shared_key(Role::kUsed, shared[i]).type, t.used[i]);
    put(rows, used + kSharedKeys, shared_key(Role::kGenerated, shared[i]).type, t.generated[i]);
  }
}

}  // namespace

Status make_plain_tables(const std::filesystem::path& file, uint64_t tasks,
                         const std::filesystem::path& root) {
  Result<store::Database> database = store::Database::open(file, {});
  if (!database.ok()) return database.status();
  Result<store::Connection> connection = database->connect();
  if (!connection.ok()) return connection.status();
  HEADRACE_RETURN_IF_ERROR(connection->run("CREATE TABLE task(" + columns_sql() + ")"));
  Result<store::Appender> rows = store::Appender::open(*connection, "task");
  if (!rows.ok()) return rows.status();
  Status failed;
  each_task(tasks, [&](const MadeTask& task) {
    if (!failed.ok()) return;
    failed = rows->next_row();
    if (failed.ok()) put_task(*rows, task);
  });
  HEADRACE_RETURN_IF_ERROR(failed);
  HEADRACE_RETURN_IF_ERROR(rows->close());
  HEADRACE_RETURN_IF_ERROR(connection->run(
      "ATTACH " + store::sql_text((root / "store.duckdb").string()) + " AS store (READ_ONLY)"));
  HEADRACE_RETURN_IF_ERROR(connection->run(
      "CREATE TABLE task_energy AS SELECT e.task_id, t.activity, e.domain, e.attributed_j "
      "FROM store.task_energy e JOIN task t USING (task_id); DETACH store; CHECKPOINT"));
  return {};
}

}  // namespace headrace::bench

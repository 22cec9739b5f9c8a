#include "store/migration.h"

#include <algorithm>
#include <vector>

#include "store/schema.h"

namespace headrace::store {

Result<int> stored_version(const Connection& connection, const std::filesystem::path& file) {
  const Result<int64_t> version =
      connection.integer("SELECT value::BIGINT FROM meta WHERE key = 'schema_version'");
  if (!version.ok()) return corrupt("the store " + file.string() + " has no schema version");
  if (*version > kSchemaVersion) {
    return unsupported("the store " + file.string() + " has schema version " +
                       std::to_string(*version) + ", this program reads up to " +
                       std::to_string(kSchemaVersion) +
                       ": a newer headrace wrote it; use that or a later one");
  }
  return static_cast<int>(*version);
}

std::span<const Migration> migrations() {
  static const std::vector<Migration> steps = {
      // A task's energy knows its activity and workflow.
      {2, R"sql(
ALTER TABLE task_energy_row ADD COLUMN activity UINTEGER;
ALTER TABLE task_energy_row ADD COLUMN wf UINTEGER;
UPDATE task_energy_row e SET activity = t.activity, wf = t.wf
FROM (SELECT producer, seq, activity, wf FROM task_slots
      UNION ALL SELECT producer, seq, activity, wf FROM open_task) t
WHERE t.producer = e.producer AND t.seq = e.seq;
)sql"},
      // Figures that cannot be told are withheld, and the
      // activity's or group's stand beside; all computed anew.
      {3, R"sql(
ALTER TABLE task_energy_row ADD COLUMN self_j DOUBLE;
ALTER TABLE task_energy_row ADD COLUMN share_j DOUBLE;
ALTER TABLE task_energy_row ADD COLUMN split_u95_j DOUBLE;
ALTER TABLE task_energy_row ADD COLUMN resolution VARCHAR;
ALTER TABLE task_energy_row ADD COLUMN reason VARCHAR;
CREATE TABLE activity_energy_row(producer UINTEGER, domain VARCHAR, activity UINTEGER,
  group_activity UINTEGER, resolution VARCHAR, tasks BIGINT, time_s DOUBLE, share_j DOUBLE,
  group_j DOUBLE, group_u95_j DOUBLE, power_w DOUBLE, windows BIGINT);
CREATE TABLE energy_domain_row(producer UINTEGER, domain VARCHAR, parent VARCHAR, role VARCHAR,
  truth VARCHAR, begin_ts BIGINT, end_ts BIGINT, measured_uj BIGINT, children_uj BIGINT,
  other_uj BIGINT, uncompared_uj BIGINT, tolerance_j DOUBLE, inconsistent BOOLEAN, coverage DOUBLE,
  reason VARCHAR);
DELETE FROM energy_mark;
)sql"},
      // Layers of models: how long they ran, and their energy.
      {4, R"sql(
CREATE TABLE exposure_row(wf UINTEGER, producer UINTEGER, seq BIGINT, begin_ts BIGINT,
  end_ts BIGINT, model VARCHAR, layer VARCHAR, phase VARCHAR, self_ns BIGINT, calls BIGINT,
  repeated BOOLEAN, ring UINTEGER, number UBIGINT);
CREATE TABLE layer_energy_row(producer UINTEGER, wf UINTEGER, activity UINTEGER, model VARCHAR,
  layer VARCHAR, phase VARCHAR, domain VARCHAR, calls BIGINT, time_s DOUBLE, share_uj BIGINT,
  group_uj BIGINT, u95_j DOUBLE, split_u95_j DOUBLE, power_w DOUBLE, resolution VARCHAR,
  group_number UINTEGER, windows BIGINT, method VARCHAR, truth VARCHAR, reason VARCHAR,
  coverage DOUBLE);
ALTER TABLE energy_mark ADD COLUMN exposures BIGINT;
)sql"}};
  return steps;
}

Status migrate(const Connection& connection, std::span<const Migration> steps, int version,
               int target) {
  while (version < target) {
    const auto step = std::find_if(steps.begin(), steps.end(), [version](const Migration& m) {
      return m.from_version == version;
    });
    if (step == steps.end()) {
      return unsupported("no migration leads from version " + std::to_string(version) +
                         " of the store's schema to " + std::to_string(target));
    }
    Result<Transaction> transaction = Transaction::begin(connection);
    if (!transaction.ok()) return transaction.status();
    const std::string doing = "migration from schema version " + std::to_string(version);
    HEADRACE_RETURN_IF_ERROR(connection.run(step->sql).with_context(doing));
    ++version;
    HEADRACE_RETURN_IF_ERROR(connection.run("UPDATE meta SET value = '" + std::to_string(version) +
                                            "' WHERE key = 'schema_version'"));
    HEADRACE_RETURN_IF_ERROR(transaction->commit().with_context(doing));
  }
  return {};
}

}  // namespace headrace::store

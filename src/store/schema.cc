#include "store/schema.h"

namespace headrace::store {
namespace {

constexpr char kKindLetter[] = "dibs";
constexpr const char* kKindType[] = {"DOUBLE", "BIGINT", "BOOLEAN", "VARCHAR"};

std::string slot_columns() {
  std::string out;
  for (int slot = 0; slot < kSlotsPerPage; ++slot) {
    out += ", " + slot_name(slot) + " " + kKindType[slot / kSlotsPerKind];
  }
  return out;
}

// One row a task: producer and workflow are dictionary numbers, seq the task's number in its
// producer, ts and dur ns. dur and the parent are NULL where there is none.
std::string task_columns() {
  return "producer UINTEGER, seq BIGINT, wf UINTEGER, activity UINTEGER, schema UINTEGER, "
         "ts BIGINT, dur BIGINT, status UTINYINT, attempt UTINYINT, parent_producer UINTEGER, "
         "parent_seq BIGINT" +
         slot_columns();
}

constexpr const char* kTables = R"sql(
CREATE TABLE meta(key VARCHAR, value VARCHAR);

CREATE TABLE producer_row(producer UINTEGER, uid UBIGINT, prefix VARCHAR, hostname VARCHAR,
  pid BIGINT, rank BIGINT, boot_id VARCHAR, start_time_ticks BIGINT, state VARCHAR,
  accepted UBIGINT, dropped UBIGINT, facts_order UBIGINT, facts VARCHAR);
CREATE TABLE thread_row(producer UINTEGER, ring UINTEGER, tid BIGINT, name VARCHAR);
CREATE TABLE clock_row(producer UINTEGER, ticks UBIGINT, source UTINYINT, monotonic_ns BIGINT,
  realtime_ns BIGINT, uncertainty_ns BIGINT);
CREATE TABLE activity_row(activity UINTEGER, name VARCHAR, facts VARCHAR);

-- The registry: where the value of a key stands. A schema is a set of (role, key, type) and never
-- changes; slot counts on over pages of 32 and is NULL for a value that is null by type.
CREATE TABLE field(schema UINTEGER, position USMALLINT, role UTINYINT, key VARCHAR, type UTINYINT,
  page USMALLINT, slot UTINYINT, exclusive BOOLEAN);
CREATE TABLE schema_activity(schema UINTEGER, activity UINTEGER);

-- What records said of workflows, campaigns and objects, one row each; folded into the rows below.
CREATE TABLE workflow_record(workflow UUID, producer UINTEGER, ring UINTEGER, number UBIGINT,
  name VARCHAR, parent UUID, campaign UUID, begin_ns BIGINT, end_ns BIGINT, status UTINYINT);
CREATE TABLE object_record(object UUID, producer UINTEGER, ring UINTEGER, number UBIGINT,
  kind VARCHAR, workflow UUID, ts BIGINT);
CREATE TABLE campaign_record(campaign UUID, producer UINTEGER, ring UINTEGER, number UBIGINT,
  ts BIGINT);
CREATE TABLE value_row(owner UUID, producer UINTEGER, ring UINTEGER, number UBIGINT, ts BIGINT,
  position USMALLINT, role UTINYINT, key VARCHAR, type UTINYINT, value VARCHAR);

CREATE TABLE workflow_row(wf UINTEGER, workflow UUID, parent UUID, campaign UUID, name VARCHAR,
  status UTINYINT, begin_ns BIGINT, end_ns BIGINT, producer UINTEGER, used VARCHAR,
  generated VARCHAR, tags VARCHAR, error VARCHAR, attributes VARCHAR);
CREATE TABLE campaign_row(campaign UUID, name VARCHAR, begin_ns BIGINT, tags VARCHAR);
CREATE TABLE object_row(object UUID, kind VARCHAR, name VARCHAR, path VARCHAR, size_bytes BIGINT,
  sha256 VARCHAR, created_ns BIGINT, workflow UUID, attributes VARCHAR);
CREATE TABLE edge_row(relation UTINYINT, producer UINTEGER, seq BIGINT, wf UINTEGER, object UUID,
  name VARCHAR, exact BOOLEAN);

CREATE TABLE sensor_row(sensor UINTEGER, producer UINTEGER, entry UINTEGER, name VARCHAR,
  quantity VARCHAR, unit VARCHAR, kind VARCHAR, domain VARCHAR, source VARCHAR, truth VARCHAR,
  method VARCHAR, assumption VARCHAR, device VARCHAR, scale DOUBLE, "range" UBIGINT);
-- Flags as in the record's; 128: of the samples of one record not the first.
CREATE TABLE sample_row(sensor UINTEGER, ts BIGINT, raw BIGINT, flags UTINYINT);
CREATE TABLE log_row(wf UINTEGER, producer UINTEGER, seq BIGINT, ts BIGINT, stream UTINYINT,
  text VARCHAR, "values" VARCHAR);
-- How long each layer of a model ran in an interval, at most one row of a record, layer and phase.
CREATE TABLE exposure_row(wf UINTEGER, producer UINTEGER, seq BIGINT, begin_ts BIGINT,
  end_ts BIGINT, model VARCHAR, layer VARCHAR, phase VARCHAR, self_ns BIGINT, calls BIGINT,
  repeated BOOLEAN, ring UINTEGER, number UBIGINT);
CREATE TABLE gap_row(producer UINTEGER, ring UINTEGER, first_number UBIGINT, count UBIGINT,
  reason VARCHAR, ts BIGINT);
CREATE TABLE task_energy_row(producer UINTEGER, seq BIGINT, domain VARCHAR, window_j DOUBLE,
  attributed_j DOUBLE, idle_j DOUBLE, u95_j DOUBLE, coverage DOUBLE, method VARCHAR,
  truth VARCHAR, assumption VARCHAR, activity UINTEGER, wf UINTEGER, self_j DOUBLE, share_j DOUBLE,
  split_u95_j DOUBLE, resolution VARCHAR, reason VARCHAR);
-- What an activity's tasks in one process used, and those of all activities that cannot be told from it.
CREATE TABLE activity_energy_row(producer UINTEGER, domain VARCHAR, activity UINTEGER,
  group_activity UINTEGER, resolution VARCHAR, tasks BIGINT, time_s DOUBLE, share_j DOUBLE,
  group_j DOUBLE, group_u95_j DOUBLE, power_w DOUBLE, windows BIGINT);
-- The same of a model's layers, in whole micro-joules. layer and phase are NULL for the time outside
-- layers of the tasks that ran them; those of one group_number are only known together.
CREATE TABLE layer_energy_row(producer UINTEGER, wf UINTEGER, activity UINTEGER, model VARCHAR,
  layer VARCHAR, phase VARCHAR, domain VARCHAR, calls BIGINT, time_s DOUBLE, share_uj BIGINT,
  group_uj BIGINT, u95_j DOUBLE, split_u95_j DOUBLE, power_w DOUBLE, resolution VARCHAR,
  group_number UINTEGER, windows BIGINT, method VARCHAR, truth VARCHAR, reason VARCHAR,
  coverage DOUBLE);
-- What became of the energy of each source, whole: measured = attributed + idle + unattributed.
CREATE TABLE energy_balance_row(producer UINTEGER, domain VARCHAR, truth VARCHAR,
  measured_uj BIGINT, attributed_uj BIGINT, idle_uj BIGINT, unattributed_uj BIGINT);
-- What each energy counter counted, the counter that holds it, and what its parts leave of it.
CREATE TABLE energy_domain_row(producer UINTEGER, domain VARCHAR, parent VARCHAR, role VARCHAR,
  truth VARCHAR, begin_ts BIGINT, end_ts BIGINT, measured_uj BIGINT, children_uj BIGINT,
  other_uj BIGINT, uncompared_uj BIGINT, tolerance_j DOUBLE, inconsistent BOOLEAN, coverage DOUBLE,
  reason VARCHAR);
-- How much of each producer was there when its tasks' energy was last computed.
CREATE TABLE energy_mark(producer UINTEGER, tasks BIGINT, open_tasks BIGINT, samples BIGINT,
  exposures BIGINT);

-- The fold's memory: which numbers are stored, how far each segment was read, what was damaged.
CREATE TABLE watermark(producer UINTEGER, ring UINTEGER, first UBIGINT, past UBIGINT);
CREATE TABLE segment(name VARCHAR, size_bytes UBIGINT, resume_at UBIGINT, sealed BOOLEAN);
CREATE TABLE quarantine_row(producer UINTEGER, ring UINTEGER, number UBIGINT, records UBIGINT,
  file VARCHAR, "offset" UBIGINT, length_bytes UBIGINT, reason VARCHAR, ts BIGINT, kept_as VARCHAR);
-- One row for each record that told edges of another's task, so that every record can be counted.
CREATE TABLE edge_record(producer UINTEGER, ring UINTEGER, number UBIGINT);
-- Records of a newer version, in hex: whole ones of a kind that is unknown here, and known ones with
-- an extension.
CREATE TABLE unknown_row(producer UINTEGER, ring UINTEGER, number UBIGINT, kind UTINYINT,
  whole BOOLEAN, bytes VARCHAR);
-- What a person said later: tags, notes, removals. Kept beside the store too.
CREATE TABLE amendment(ts BIGINT, kind VARCHAR, id UUID, action VARCHAR, value VARCHAR);
)sql";

// SQL that makes the text `v` of a slot a JSON value by the field's type (numbers of
// model/value.h).
std::string json_of_slot(const std::string& v) {
  const auto wrapped = [&v](const char* name) {
    return std::string("'{\"$") + name + "\":\"' || " + v + " || '\"}'";
  };
  return "CASE f.type WHEN 0 THEN 'null' WHEN 3 THEN CASE WHEN " + v +
         " IN ('nan', '-nan', 'inf', '-inf') THEN " + wrapped("float") + " ELSE " + v +
         " END WHEN 4 THEN to_json(" + v + ")::VARCHAR WHEN 5 THEN " + wrapped("bytes") +
         " WHEN 6 THEN " + wrapped("int") + " WHEN 7 THEN '{\"$time\":\"' || " +
         "strftime(make_timestamp_ns(" + v + "::BIGINT), '%Y-%m-%dT%H:%M:%S.%n') || 'Z\"}' " +
         "WHEN 8 THEN " + wrapped("object") + " WHEN 11 THEN '{\"$' || split_part(" + v +
         ", ':', 1) || '\":' || to_json(substr(" + v + ", strpos(" + v +
         ", ':') + 1))::VARCHAR || '}' ELSE " + v + " END";
}

}  // namespace

std::string slot_name(int slot) {
  if (slot >= kSlotsPerPage) return "x" + std::to_string(slot - kSlotsPerPage);
  return kKindLetter[slot / kSlotsPerKind] + std::to_string(slot % kSlotsPerKind);
}

std::string slot_type(int kind) { return kKindType[kind]; }

std::string schema_sql() {
  std::string out = kTables;
  out += "CREATE TABLE task_slots(" + task_columns() + ");\n";
  out += "CREATE TABLE open_task(" + task_columns() + ");\n";
  out += "CREATE TABLE task_page(producer UINTEGER, seq BIGINT, schema UINTEGER, page USMALLINT" +
         slot_columns() + ");\n";
  out += "INSERT INTO meta VALUES ('schema_version', '" + std::to_string(kSchemaVersion) +
         "'), ('revision', '0'), ('identity', gen_random_uuid()::VARCHAR);\n";
  return out;
}

std::string task_id_sql(const std::string& prefix, const std::string& number) {
  // base/id.h: the low half is the variant bit and the 62-bit number.
  return "(" + prefix + " || hex(9223372036854775808::UBIGINT + " + number + "::UBIGINT))::UUID";
}

std::string quick_task_id_sql(const std::string& producer, const std::string& number) {
  return "headrace_task_id(" + producer + ".uid, " + number + ")";
}

std::string slot_texts_sql(const std::string& row) {
  std::string out = "[";
  for (int slot = 0; slot < kSlotsPerPage; ++slot) {
    if (slot > 0) out += ", ";
    out += row + slot_name(slot) + "::VARCHAR";
  }
  return out + "]";
}

std::string exclusive_texts_sql(const std::string& row, int exclusive_columns) {
  std::string out = "[";
  for (int i = exclusive_columns - 1; i >= 0; --i) {
    out += row + slot_name(kSlotsPerPage + i) + "::VARCHAR" + (i > 0 ? ", " : "");
  }
  return out + "]";
}

std::string json_object_sql(const std::string& slots, const std::string& fields) {
  return "('{' || coalesce(array_to_string(list_transform(" + fields + ", lambda f: f.head || " +
         json_of_slot(slots + "[f.slot]") + "), ','), '') || '}')::JSON";
}

std::string role_fields_sql() {
  std::string out = "SELECT schema";
  const char* names[] = {"used", "generated", "tag", "error", "attribute"};
  for (int role = 0; role < 5; ++role) {
    out +=
        ", list(struct_pack(head := to_json(CASE WHEN starts_with(key, '$') THEN '$' || key "
        "ELSE key END)::VARCHAR || ':', type := type, "
        "slot := CASE WHEN slot < " +
        std::to_string(kSlotsPerPage) + " THEN page::INTEGER * " + std::to_string(kSlotsPerPage) +
        " + slot + 1 ELSE " + std::to_string(kSlotsPerPage - 1) +
        " - slot::INTEGER END) ORDER BY position) FILTER (role = " + std::to_string(role) +
        ") AS " + names[role];
  }
  return out + " FROM field GROUP BY schema";
}

}  // namespace headrace::store

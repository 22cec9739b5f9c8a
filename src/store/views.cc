// The views that readers rely on. Ids are UUIDs, times TIMESTAMP_NS in UTC, open-ended values JSON.
#include "store/model_view.h"
#include "store/object_version.h"
#include "store/schema.h"
#include "store/task_view.h"
#include "store/view_columns.h"

namespace headrace::store {
namespace {

// How a view computes the id of a task from the alias of its producer and its number.
using TaskId = std::string (*)(const std::string& producer, const std::string& number);

std::string stored_task_id(const std::string& producer, const std::string& number) {
  return task_id_sql(producer + ".prefix", number);
}

constexpr const char* kStatusName =
    "CASE w.status WHEN 2 THEN 'finished' WHEN 3 THEN 'failed' WHEN 1 THEN 'running' "
    "WHEN 5 THEN 'lost' WHEN 4 THEN 'cancelled' ELSE 'pending' END";

// As in segment file names.
constexpr const char* kProducerText = "printf('%015x', p.uid)";

// What a person added later: per id the tags as a JSON object, and the last note.
constexpr const char* kAmended = R"sql(
CREATE OR REPLACE VIEW amended AS
SELECT id, ('{' || string_agg(to_json(key)::VARCHAR || ':' || value::VARCHAR, ',' ORDER BY key)
                     FILTER (action = 'tag') || '}')::JSON AS tags,
  max(value->>'$') FILTER (action = 'note') AS note
FROM (
  SELECT DISTINCT ON (id, action, key) id, action, key, value FROM (
    SELECT ts, id, CASE action WHEN 'untag' THEN 'tag' ELSE action END AS action,
      CASE WHEN action = 'note' THEN '' ELSE split_part(value, '=', 1) END AS key,
      CASE WHEN action = 'untag' THEN NULL
           WHEN action = 'note' THEN to_json(value)
           WHEN contains(value, '=') THEN to_json(substr(value, strpos(value, '=') + 1))
           ELSE 'true'::JSON END AS value
    FROM amendment WHERE action IN ('tag', 'untag', 'note'))
  ORDER BY id, action, key, ts DESC)
WHERE value IS NOT NULL
GROUP BY id;
)sql";

constexpr const char* kCampaign = R"sql(
CREATE OR REPLACE VIEW campaign AS
SELECT c.campaign AS campaign_id, c.name, make_timestamp_ns(least(c.begin_ns, w.begin_ns)) AS started_at,
  make_timestamp_ns(CASE WHEN w.running THEN NULL ELSE w.end_ns END) AS ended_at,
  coalesce(w.workflows, 0)::BIGINT AS workflows, coalesce(n.tasks, 0)::BIGINT AS tasks,
  CASE WHEN c.tags IS NULL THEN m.tags WHEN m.tags IS NULL THEN c.tags::JSON
       ELSE json_merge_patch(c.tags::JSON, m.tags) END AS tags, m.note
FROM campaign_row c
LEFT JOIN (SELECT campaign, min(begin_ns) AS begin_ns, max(end_ns) AS end_ns,
             bool_or(status = 1) AS running, count(*) AS workflows
           FROM workflow_row GROUP BY campaign) w ON w.campaign = c.campaign
LEFT JOIN (SELECT w.campaign, sum(t.tasks) AS tasks
           FROM (SELECT wf, count(*) AS tasks FROM task_slots GROUP BY wf
                 UNION ALL SELECT wf, count(*) FROM open_task GROUP BY wf) t
           JOIN workflow_row w ON w.wf = t.wf GROUP BY w.campaign) n ON n.campaign = c.campaign
LEFT JOIN amended m ON m.id = c.campaign;
)sql";

std::string workflow() {
  return std::string(R"sql(
CREATE OR REPLACE VIEW workflow AS
SELECT w.workflow AS workflow_id, w.campaign AS campaign_id, c.name AS campaign,
  w.parent AS parent_workflow_id, w.name, )sql") +
         kStatusName + R"sql( AS status,
  make_timestamp_ns(w.begin_ns) AS started_at, make_timestamp_ns(w.end_ns) AS ended_at,
  (w.end_ns - w.begin_ns) / 1e9 AS duration_s, w.used::JSON AS used, w.generated::JSON AS generated,
  p.hostname, p.pid, coalesce(w.attributes->>'$.command', p.facts->>'$.command') AS command,
  TRY_CAST(w.attributes->>'$.exit_code' AS INTEGER) AS exit_code,
  CASE WHEN w.tags IS NULL THEN m.tags WHEN m.tags IS NULL THEN w.tags::JSON
       ELSE json_merge_patch(w.tags::JSON, m.tags) END AS tags,
  m.note, w.error::JSON AS error, w.attributes::JSON AS attributes
FROM workflow_row w
LEFT JOIN campaign_row c ON c.campaign = w.campaign
LEFT JOIN producer_row p ON p.producer = w.producer
LEFT JOIN amended m ON m.id = w.workflow;
)sql";
}

std::string object() {
  return std::string(R"sql(
CREATE OR REPLACE VIEW object AS
SELECT o.object AS object_id, o.kind, o.name, o.path,
  )sql") +
         kObjectVersion +
         R"sql( AS version,
  o.size_bytes, o.sha256, make_timestamp_ns(o.created_ns) AS created_at,
  o.attributes::JSON AS attributes
FROM object_row o;
)sql";
}

std::string edge(TaskId task_id) {
  return "VIEW edge AS\n"
         "SELECT 'used' AS relation, 'object' AS from_kind, e.object AS from_id,\n"
         "  CASE WHEN e.seq IS NULL THEN 'workflow' ELSE 'task' END AS to_kind,\n"
         "  CASE WHEN e.seq IS NULL THEN w.workflow ELSE " +
         task_id("p", "e.seq") +
         " END AS to_id, e.name, e.exact\n"
         "FROM edge_row e LEFT JOIN producer_row p ON p.producer = e.producer\n"
         "LEFT JOIN workflow_row w ON w.wf = e.wf WHERE e.relation = 0\n"
         "UNION ALL\n"
         "SELECT 'generated', CASE WHEN e.seq IS NULL THEN 'workflow' ELSE 'task' END,\n"
         "  CASE WHEN e.seq IS NULL THEN w.workflow ELSE " +
         task_id("p", "e.seq") +
         " END, 'object', e.object, e.name, e.exact\n"
         "FROM edge_row e LEFT JOIN producer_row p ON p.producer = e.producer\n"
         "LEFT JOIN workflow_row w ON w.wf = e.wf WHERE e.relation = 1\n"
         "UNION ALL\n"
         "SELECT 'parent', 'task', " +
         task_id("q", "t.parent_seq") + ", 'task', " + task_id("p", "t.seq") +
         ", NULL, true\n"
         "FROM (SELECT producer, seq, parent_producer, parent_seq FROM task_slots\n"
         "      UNION ALL SELECT producer, seq, parent_producer, parent_seq FROM open_task) t\n"
         "JOIN producer_row p ON p.producer = t.producer\n"
         "JOIN producer_row q ON q.producer = t.parent_producer;\n";
}

// A counter that wraps goes on counting: each fall of the raw value is one more turn of its range.
constexpr const char* kSensorAndSample = R"sql(
CREATE OR REPLACE VIEW sensor AS
SELECT s.sensor AS sensor_id, s.name, s.quantity, s.unit, s.kind, s.domain, s.source, s.truth,
  s.method, s.assumption, p.hostname, p.pid, s.device
FROM sensor_row s LEFT JOIN producer_row p ON p.producer = s.producer;

CREATE OR REPLACE VIEW sample AS
SELECT s.sensor AS sensor_id, d.name AS sensor, make_timestamp_ns(s.ts) AS time,
  CASE WHEN s.flags & 1 = 0 THEN s.raw * d.scale END AS value, p.hostname, p.pid
FROM sample_row s JOIN sensor_row d ON d.sensor = s.sensor
LEFT JOIN producer_row p ON p.producer = d.producer
WHERE d."range" = 0
UNION ALL
SELECT s.sensor, d.name, make_timestamp_ns(s.ts),
  CASE WHEN s.flags & 1 = 0 THEN (s.raw + s.turns * d."range"::DOUBLE) * d.scale END, p.hostname, p.pid
FROM (SELECT *, sum(CASE WHEN fell THEN 1 ELSE 0 END)
               OVER (PARTITION BY sensor ORDER BY ts ROWS UNBOUNDED PRECEDING) AS turns
      FROM (SELECT *, flags & 1 = 0 AND raw < lag(CASE WHEN flags & 1 = 0 THEN raw END IGNORE NULLS)
                        OVER (PARTITION BY sensor ORDER BY ts) AS fell
            FROM sample_row WHERE sensor IN (SELECT sensor FROM sensor_row WHERE "range" > 0))) s
JOIN sensor_row d ON d.sensor = s.sensor
LEFT JOIN producer_row p ON p.producer = d.producer;
)sql";

// With the activity and workflow of the task, so that sums over them need no join with `task`.
// `has` says which columns are wanted: those that need a join cost a little.
template <typename Has>
std::string task_energy(TaskId task_id, Has&& has) {
  std::string columns;
  std::string joins;
  if (has("task_id")) {
    columns += task_id("p", "e.seq") + " AS task_id, ";
    joins += " JOIN producer_row p ON p.producer = e.producer";
  }
  if (has("workflow_id")) {
    columns += "w.workflow AS workflow_id, ";
    joins += " LEFT JOIN workflow_row w ON w.wf = e.wf";
  }
  if (has("activity")) {
    columns += "a.name AS activity, ";
    joins += " LEFT JOIN activity_row a ON a.activity = e.activity";
  }
  return "VIEW task_energy AS SELECT " + columns +
         "e.domain, e.window_j, e.attributed_j, e.idle_j, e.u95_j, e.coverage,\n"
         "  e.method, e.truth, e.assumption, e.self_j,\n"
         "  coalesce(e.share_j, e.attributed_j) AS share_j, e.split_u95_j,\n"
         "  sqrt(greatest(0, e.u95_j * e.u95_j - e.split_u95_j * e.split_u95_j)) AS sensor_u95_j,\n"
         "  e.resolution, e.reason\n"
         "FROM task_energy_row e" +
         joins + ";\n";
}

std::string energy_balance() {
  return "CREATE OR REPLACE VIEW energy_balance AS SELECT p.hostname, p.pid, b.domain, b.truth,\n"
         "  b.measured_uj * 1e-6 AS measured_j, b.attributed_uj * 1e-6 AS attributed_j,\n"
         "  b.idle_uj * 1e-6 AS idle_j, b.unattributed_uj * 1e-6 AS unattributed_j\n"
         "FROM energy_balance_row b JOIN producer_row p ON p.producer = b.producer;\n";
}

std::string energy_domain() {
  return R"sql(CREATE OR REPLACE VIEW energy_domain AS SELECT p.hostname, p.pid, d.domain, d.parent,
  d.role, d.truth, make_timestamp_ns(d.begin_ts) AS started_at,
  make_timestamp_ns(d.end_ts) AS ended_at, d.measured_uj * 1e-6 AS measured_j,
  d.children_uj * 1e-6 AS children_j, d.other_uj * 1e-6 AS other_j,
  d.uncompared_uj * 1e-6 AS uncompared_j, d.tolerance_j, d.inconsistent, d.coverage, d.reason
FROM energy_domain_row d JOIN producer_row p ON p.producer = d.producer;
)sql";
}

std::string activity_energy() {
  return R"sql(CREATE OR REPLACE VIEW activity_energy AS SELECT p.hostname, p.pid, e.domain,
  a.name AS activity, e.resolution,
  string_agg(a.name, ' + ') OVER (PARTITION BY e.producer, e.domain, e.group_activity
    ORDER BY a.name ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS "group",
  e.tasks, e.time_s, CASE WHEN e.resolution = 'resolved' THEN e.share_j END AS attributed_j,
  e.share_j, e.group_j, e.group_u95_j, e.power_w, e.windows
FROM activity_energy_row e JOIN producer_row p ON p.producer = e.producer
LEFT JOIN activity_row a ON a.activity = e.activity;
)sql";
}

std::string layer_exposure() {
  return "CREATE OR REPLACE VIEW layer_exposure AS SELECT w.workflow AS workflow_id, " +
         ("CASE WHEN e.seq IS NOT NULL THEN " + stored_task_id("p", "e.seq") + " END") +
         R"sql( AS task_id,
  make_timestamp_ns(e.begin_ts) AS started_at, make_timestamp_ns(e.end_ts) AS ended_at, e.model,
  e.layer, e.phase, e.self_ns / 1e9 AS time_s, e.calls, e.repeated
FROM exposure_row e JOIN producer_row p ON p.producer = e.producer
LEFT JOIN workflow_row w ON w.wf = e.wf;
)sql";
}

std::string layer_energy() {
  return R"sql(CREATE OR REPLACE VIEW layer_energy AS SELECT w.workflow AS workflow_id,
  a.name AS activity, e.model, e.layer, e.phase, e.domain, e.calls, e.time_s,
  e.share_uj * 1e-6 AS share_j,
  CASE WHEN e.resolution = 'resolved' THEN e.share_uj * 1e-6 END AS attributed_j,
  e.group_uj * 1e-6 AS group_j, e.u95_j, e.split_u95_j, e.power_w, e.resolution,
  string_agg(e.layer || ' ' || e.phase, ' + ') OVER (
    PARTITION BY e.producer, e.wf, e.activity, e.model, e.domain, e.group_number
    ORDER BY e.layer, e.phase ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS "group",
  e.windows, e.method, e.truth, e.reason, e.coverage, p.hostname, p.pid
FROM layer_energy_row e JOIN producer_row p ON p.producer = e.producer LEFT JOIN workflow_row w ON w.wf = e.wf
LEFT JOIN activity_row a ON a.activity = e.activity;
)sql";
}

std::string log(TaskId task_id) {
  return "VIEW log AS SELECT w.workflow AS workflow_id,\n"
         "  CASE WHEN l.seq IS NOT NULL THEN " +
         task_id("p", "l.seq") +
         " END AS task_id, make_timestamp_ns(l.ts) AS time,\n"
         "  CASE l.stream WHEN 0 THEN 'metric' WHEN 1 THEN 'stdout' ELSE 'stderr' END AS stream,\n"
         "  l.text, l.\"values\"::JSON AS metrics\n"
         "FROM log_row l LEFT JOIN workflow_row w ON w.wf = l.wf\n"
         "LEFT JOIN producer_row p ON p.producer = l.producer;\n";
}

// Counts the rows themselves against what the watermarks say is stored, so that a record cannot be
// marked as seen and have no row. A row each but for the announcements in ring 0, which later
// records replace; what a person removed is gone with its rows.
std::string stored_rows() {
  return std::string("CREATE OR REPLACE VIEW stored_rows AS SELECT ") + kProducerText +
         R"sql( AS producer, p.hostname, p.pid, coalesce(s.stored, 0) AS stored, coalesce(r.row_count, 0) AS row_count
FROM producer_row p
LEFT JOIN (SELECT producer, sum(n)::BIGINT AS stored FROM (
    SELECT producer, (past - first)::BIGINT AS n FROM watermark WHERE ring <> 0
    UNION ALL SELECT producer, -records::BIGINT FROM quarantine_row WHERE ring <> 0)
  GROUP BY producer) s ON s.producer = p.producer
LEFT JOIN (SELECT producer, sum(n)::BIGINT AS row_count FROM (
    SELECT producer, count(*) AS n FROM task_slots GROUP BY producer
    UNION ALL SELECT producer, count(*) FROM workflow_record WHERE ring <> 0 GROUP BY producer
    UNION ALL SELECT producer, count(*) FROM campaign_record WHERE ring <> 0 GROUP BY producer
    UNION ALL SELECT producer, count(*) FROM object_record WHERE ring <> 0 GROUP BY producer
    UNION ALL SELECT producer, count(*) FROM edge_record WHERE ring <> 0 GROUP BY producer
    UNION ALL SELECT producer, count(*) FROM log_row GROUP BY producer
    UNION ALL SELECT producer, count(DISTINCT (ring, number)) FROM exposure_row GROUP BY producer
    UNION ALL SELECT producer, count(*) FROM unknown_row WHERE whole AND ring <> 0 GROUP BY producer
    UNION ALL SELECT d.producer, count(*) FROM sample_row m JOIN sensor_row d ON d.sensor = m.sensor
              WHERE m.flags < 128 GROUP BY d.producer)
  GROUP BY producer) r ON r.producer = p.producer
WHERE (s.stored IS NOT NULL OR r.row_count IS NOT NULL)
  AND NOT EXISTS (FROM amendment WHERE action = 'remove');
)sql";
}

// Of each process: accepted = stored + spooled + quarantined + dropped + missing, always.
//
// accepted     every number that its rings gave to a record: what it said when it ended, or as far
//              as is known of one that runs or was killed
// stored       a row is here for it (of these, `newer`: kept as bytes for a newer version)
// spooled      not here yet: in its ring, in a segment, or on the way
// quarantined  its bytes are kept aside: refused by themselves, or lost in damaged bytes
// dropped      told as lost by the process itself, with the reason
// missing      not explained
//
// A number that is both stored and told as lost is stored; one told as lost twice is lost once.
std::string accounting() {
  return std::string("CREATE OR REPLACE VIEW producer AS SELECT ") + kProducerText +
         " AS producer, p.hostname, p.pid, p.rank, p.state, p.facts::JSON AS facts\n"
         "FROM producer_row p WHERE p.facts IS NOT NULL;\n"
         "CREATE OR REPLACE VIEW gap AS SELECT " +
         kProducerText +
         " AS producer, p.hostname, p.pid, g.ring, g.first_number, g.count, g.reason,\n"
         "  make_timestamp_ns(g.ts) AS time\n"
         "FROM gap_row g LEFT JOIN producer_row p ON p.producer = g.producer;\n"
         "CREATE OR REPLACE VIEW quarantine AS SELECT " +
         kProducerText +
         R"sql( AS producer, p.hostname, q.file, q."offset", q.length_bytes, q.reason,
  make_timestamp_ns(q.ts) AS time, q.kept_as, q.ring, q.number, q.records
FROM quarantine_row q LEFT JOIN producer_row p ON p.producer = q.producer;
CREATE OR REPLACE VIEW accounting AS
WITH told AS (
  SELECT producer, ring, first, past, false AS lost FROM watermark
  UNION ALL SELECT producer, ring, first_number, first_number + count, true FROM gap_row
            WHERE ring IS NOT NULL AND reason NOT IN ('missing', 'damaged')),
ring_sums AS (
  SELECT producer, ring, max(past) AS past, sum(past - first) FILTER (NOT lost) AS seen,
    sum(past - greatest(first, least(reached, past))) AS known
  FROM (SELECT *, coalesce(max(past) OVER (PARTITION BY producer, ring ORDER BY first, past
                   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS reached FROM told)
  GROUP BY producer, ring),
sums AS (
  SELECT producer, sum(past)::BIGINT AS used, coalesce(sum(seen), 0)::BIGINT AS seen,
    sum(known)::BIGINT AS known
  FROM ring_sums GROUP BY producer)
SELECT producer, hostname, pid, state, accepted, stored, newer, quarantined, dropped, missing,
  accepted - stored - quarantined - dropped - missing AS spooled, dropped_by
FROM (SELECT )sql" +
         kProducerText +
         R"sql( AS producer, p.hostname, p.pid, p.state,
    greatest(coalesce(p.accepted::BIGINT, 0), coalesce(s.used, 0)) AS accepted,
    coalesce(s.seen, 0) - coalesce(q.records, 0) AS stored, coalesce(u.records, 0) AS newer,
    coalesce(q.records, 0) + coalesce(g.damaged, 0) AS quarantined,
    coalesce(s.known - s.seen, 0) AS dropped, coalesce(g.missing, 0) AS missing, g.dropped_by
  FROM producer_row p
  LEFT JOIN sums s ON s.producer = p.producer
  LEFT JOIN (SELECT producer, sum(records)::BIGINT AS records FROM quarantine_row GROUP BY producer) q
    ON q.producer = p.producer
  LEFT JOIN (SELECT producer, count(*) AS records FROM unknown_row WHERE whole GROUP BY producer) u
    ON u.producer = p.producer
  LEFT JOIN (SELECT producer, coalesce(sum(n) FILTER (reason = 'missing'), 0)::BIGINT AS missing,
               coalesce(sum(n) FILTER (reason = 'damaged'), 0)::BIGINT AS damaged,
               string_agg(n || ' ' || reason, ', ' ORDER BY reason)
                 FILTER (reason NOT IN ('missing', 'damaged', 'samples not taken', 'values not kept',
                                         'names not kept'))
                 AS dropped_by
             FROM (SELECT producer, reason, sum(count) AS n FROM gap_row GROUP BY producer, reason)
             GROUP BY producer) g ON g.producer = p.producer
  WHERE p.facts IS NOT NULL OR s.seen IS NOT NULL);
)sql" + stored_rows();
}

}  // namespace

std::string views_sql(int exclusive_columns) {
  const std::string create = "CREATE OR REPLACE ";
  return std::string(kAmended) + kCampaign + workflow() + object() + model_views_sql() + create +
         edge(stored_task_id) + kSensorAndSample + create +
         task_energy(stored_task_id, [](const char*) { return true; }) + energy_balance() +
         energy_domain() + activity_energy() + layer_exposure() + layer_energy() + create +
         log(stored_task_id) + accounting() + stored_task_view_sql(exclusive_columns) + ";\n" +
         comments_sql();
}

std::string quick_view_sql(const std::string& view, const std::set<std::string>& columns) {
  const std::string create = "CREATE OR REPLACE TEMP ";
  if (view == "edge") return create + edge(quick_task_id_sql);
  if (view == "task_energy") {
    return create + task_energy(quick_task_id_sql, [&columns](const char* name) {
             return columns.empty() || columns.contains(name);
           });
  }
  if (view == "log") return create + log(quick_task_id_sql);
  return "";
}

}  // namespace headrace::store

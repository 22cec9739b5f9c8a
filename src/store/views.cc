// The views that readers rely on. Ids are UUIDs, times TIMESTAMP_NS in UTC, open-ended values JSON.
#include "store/schema.h"
#include "store/task_view.h"

namespace headrace::store {
namespace {

std::string task_id(const char* producer_alias, const char* number) {
  return task_id_sql(std::string(producer_alias) + ".prefix", number);
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

// A version counts the distinct contents at one path (or name), in the order they were first seen.
constexpr const char* kObject = R"sql(
CREATE OR REPLACE VIEW object AS
SELECT o.object AS object_id, o.kind, o.name, o.path,
  dense_rank() OVER (PARTITION BY coalesce(o.path, o.name), CASE WHEN o.path IS NULL THEN o.kind END
                     ORDER BY o.created_ns, o.object) AS version,
  o.size_bytes, o.sha256, make_timestamp_ns(o.created_ns) AS created_at,
  o.attributes::JSON AS attributes
FROM object_row o;
)sql";

std::string edge() {
  return "CREATE OR REPLACE VIEW edge AS\n"
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

std::string task_energy_and_log() {
  return "CREATE OR REPLACE VIEW task_energy AS SELECT " + task_id("p", "e.seq") +
         " AS task_id, e.domain, e.window_j, e.attributed_j, e.idle_j, e.u95_j, e.coverage,\n"
         "  e.method, e.truth, e.assumption\n"
         "FROM task_energy_row e JOIN producer_row p ON p.producer = e.producer;\n"
         "CREATE OR REPLACE VIEW energy_balance AS SELECT p.hostname, p.pid, b.domain, b.truth,\n"
         "  b.measured_uj * 1e-6 AS measured_j, b.attributed_uj * 1e-6 AS attributed_j,\n"
         "  b.idle_uj * 1e-6 AS idle_j, b.unattributed_uj * 1e-6 AS unattributed_j\n"
         "FROM energy_balance_row b JOIN producer_row p ON p.producer = b.producer;\n"
         "CREATE OR REPLACE VIEW log AS SELECT w.workflow AS workflow_id,\n"
         "  CASE WHEN l.seq IS NOT NULL THEN " +
         task_id("p", "l.seq") +
         " END AS task_id, make_timestamp_ns(l.ts) AS time,\n"
         "  CASE l.stream WHEN 0 THEN 'metric' WHEN 1 THEN 'stdout' ELSE 'stderr' END AS stream,\n"
         "  l.text, l.\"values\"::JSON AS metrics\n"
         "FROM log_row l LEFT JOIN workflow_row w ON w.wf = l.wf\n"
         "LEFT JOIN producer_row p ON p.producer = l.producer;\n";
}

// Per producer: accepted = stored + quarantined + dropped + missing + spooled. What a running
// producer has accepted is known only as far as its segments were read.
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
SELECT producer, hostname, pid, state, accepted, stored, quarantined, dropped, missing,
  accepted - stored - quarantined - dropped - missing AS spooled
FROM (SELECT )sql" +
         kProducerText +
         R"sql( AS producer, p.hostname, p.pid, p.state,
    greatest(coalesce(p.accepted::BIGINT, 0), coalesce(s.seen, 0) + coalesce(g.dropped, 0) + coalesce(g.missing, 0)) AS accepted,
    coalesce(s.seen, 0) - coalesce(q.records, 0) AS stored, coalesce(q.records, 0) AS quarantined,
    coalesce(g.dropped, 0) AS dropped, coalesce(g.missing, 0) AS missing
  FROM producer_row p
  LEFT JOIN (SELECT producer, sum(past - first)::BIGINT AS seen FROM watermark GROUP BY producer) s
    ON s.producer = p.producer
  LEFT JOIN (SELECT producer, sum(records)::BIGINT AS records FROM quarantine_row GROUP BY producer) q
    ON q.producer = p.producer
  LEFT JOIN (SELECT producer, sum(count) FILTER (reason = 'missing')::BIGINT AS missing,
               sum(count) FILTER (reason <> 'missing')::BIGINT AS dropped
             FROM gap_row GROUP BY producer) g ON g.producer = p.producer
  WHERE p.facts IS NOT NULL OR s.seen IS NOT NULL);
)sql";
}

}  // namespace

std::string views_sql() {
  return std::string(kAmended) + kCampaign + workflow() + kObject + edge() + kSensorAndSample +
         task_energy_and_log() + accounting() + stored_task_view_sql() + ";\n";
}

}  // namespace headrace::store

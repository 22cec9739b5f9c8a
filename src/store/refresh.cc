#include "store/refresh.h"

#include <string>

#include "store/appender.h"
#include "store/schema.h"

namespace headrace::store {
namespace {

// A temporary table `touched(id)`.
Status fill_touched(const Connection& connection, const std::unordered_set<Uuid>& ids) {
  HEADRACE_RETURN_IF_ERROR(connection.run("CREATE OR REPLACE TEMP TABLE touched(id UUID)"));
  Result<Appender> rows = Appender::open(connection, "touched");
  if (!rows.ok()) return rows.status();
  for (const Uuid& id : ids) {
    HEADRACE_RETURN_IF_ERROR(rows->next_row());
    rows->set_uuid(0, id);
  }
  return rows->close();
}

std::string number_list(const std::vector<uint32_t>& numbers) {
  std::string out;
  for (const uint32_t n : numbers) out += (out.empty() ? "" : ", ") + std::to_string(n);
  return out;
}

// (id, used, generated, tag, error, attribute) of the touched owners: the last value of each key
// holds, last by time, then by record.
constexpr const char* kTouchedValues = R"sql(
  SELECT owner AS id,
    '{' || string_agg(pair, ',' ORDER BY ts, position, key) FILTER (role = 0) || '}' AS used,
    '{' || string_agg(pair, ',' ORDER BY ts, position, key) FILTER (role = 1) || '}' AS generated,
    '{' || string_agg(pair, ',' ORDER BY ts, position, key) FILTER (role = 2) || '}' AS tag,
    '{' || string_agg(pair, ',' ORDER BY ts, position, key) FILTER (role = 3) || '}' AS error,
    '{' || string_agg(pair, ',' ORDER BY ts, position, key) FILTER (role = 4) || '}' AS attribute
  FROM (SELECT DISTINCT ON (v.owner, v.role, v.key) v.owner, v.role, v.key, v.ts, v.position,
          to_json(v.key)::VARCHAR || ':' || v.value AS pair
        FROM value_row v JOIN touched ON touched.id = v.owner
        JOIN producer_row p ON p.producer = v.producer
        ORDER BY v.owner, v.role, v.key, v.ts DESC, p.uid DESC, v.ring DESC, v.number DESC,
          v.position DESC)
  GROUP BY owner)sql";

}  // namespace

Status settle_open_tasks(const Connection& connection) {
  const std::string announced = "page >= " + std::to_string(kAnnouncedPage);
  return connection
      .run(R"sql(
DELETE FROM open_task o USING task_slots t WHERE t.producer = o.producer AND t.seq = o.seq;
DELETE FROM open_task WHERE rowid NOT IN (
  SELECT first(o.rowid ORDER BY f.fields DESC NULLS LAST, o.rowid)
  FROM open_task o LEFT JOIN (SELECT schema, count(*) AS fields FROM field GROUP BY schema) f
    ON f.schema = o.schema
  GROUP BY o.producer, o.seq);
DELETE FROM task_page WHERE )sql" +
           announced + R"sql( AND (producer, seq, schema) NOT IN (
  SELECT (producer, seq, schema) FROM open_task);
DELETE FROM task_page WHERE )sql" +
           announced + " AND rowid NOT IN (SELECT min(rowid) FROM task_page WHERE " + announced +
           R"sql( GROUP BY producer, seq, page);
UPDATE open_task SET status = 5 WHERE status = 1
  AND producer IN (SELECT producer FROM producer_row WHERE state <> 'running');
UPDATE open_task SET status = 1 WHERE status = 5
  AND producer IN (SELECT producer FROM producer_row WHERE state = 'running');
)sql")
      .with_context("cannot settle open tasks");
}

Status refresh_workflows(const Connection& connection, const std::unordered_set<Uuid>& workflows,
                         const std::vector<uint32_t>& producers) {
  if (workflows.empty() && producers.empty()) return {};
  HEADRACE_RETURN_IF_ERROR(fill_touched(connection, workflows));
  if (!producers.empty()) {
    HEADRACE_RETURN_IF_ERROR(connection.run(
        "INSERT INTO touched SELECT DISTINCT workflow FROM workflow_record WHERE producer IN (" +
        number_list(producers) + ") AND workflow NOT IN (SELECT id FROM touched)"));
  }
  // A workflow runs while one of its producers has begun it, not ended it, and is alive.
  HEADRACE_RETURN_IF_ERROR(connection
                               .run(std::string(R"sql(
UPDATE workflow_row w SET name = f.name, parent = f.parent, campaign = f.campaign,
  status = s.status, begin_ns = s.begin_ns, end_ns = s.end_ns, producer = f.producer,
  used = v.used, generated = v.generated, tags = v.tag, error = v.error, attributes = v.attribute
FROM (
  -- What one record does not say another may.
  SELECT workflow, first(name ORDER BY begin_ns, uid, ring, number) FILTER (name IS NOT NULL) AS name,
    first(parent ORDER BY begin_ns, uid, ring, number) FILTER (parent IS NOT NULL) AS parent,
    first(campaign ORDER BY begin_ns, uid, ring, number) FILTER (campaign IS NOT NULL) AS campaign,
    first(producer ORDER BY begin_ns, uid, ring, number) AS producer
  FROM (SELECT r.*, p.uid FROM workflow_record r JOIN touched ON touched.id = r.workflow
        JOIN producer_row p ON p.producer = r.producer)
  GROUP BY workflow) f
JOIN (
  SELECT workflow, min(begin_ns) AS begin_ns,
    CASE WHEN bool_or(end_ns IS NULL AND alive) THEN NULL ELSE max(end_ns) END AS end_ns,
    CASE WHEN bool_or(end_ns IS NULL AND alive) THEN 1
         WHEN bool_or(status = 3) THEN 3
         WHEN bool_or(end_ns IS NULL) THEN 5
         WHEN bool_or(status = 4) THEN 4 ELSE 2 END::UTINYINT AS status
  FROM (SELECT r.workflow, min(r.begin_ns) AS begin_ns, max(r.end_ns) AS end_ns,
          max(r.status) FILTER (r.end_ns IS NOT NULL) AS status,
          any_value(p.state = 'running') AS alive
        FROM workflow_record r JOIN touched ON touched.id = r.workflow
        JOIN producer_row p ON p.producer = r.producer
        GROUP BY r.workflow, r.producer)
  GROUP BY workflow) s ON s.workflow = f.workflow
LEFT JOIN ()sql") + kTouchedValues + R"sql() v ON v.id = f.workflow
WHERE w.workflow = f.workflow;
)sql")
                               .with_context("cannot fold workflows"));
  // A sub-workflow belongs to its parent's campaign unless it says otherwise.
  while (true) {
    Result<QueryResult> changed = connection.query(
        "UPDATE workflow_row c SET campaign = p.campaign FROM workflow_row p "
        "WHERE c.parent = p.workflow AND c.campaign IS NULL AND p.campaign IS NOT NULL");
    if (!changed.ok()) return changed.status();
    if (changed->rows_changed() == 0) return {};
  }
}

Status refresh_objects(const Connection& connection, const std::unordered_set<Uuid>& objects) {
  if (objects.empty()) return {};
  HEADRACE_RETURN_IF_ERROR(fill_touched(connection, objects));
  return connection
      .run(std::string(R"sql(
DELETE FROM object_row WHERE object IN (SELECT id FROM touched);
INSERT INTO object_row
SELECT f.object, f.kind, v.attribute->>'$.name', v.attribute->>'$.path',
  TRY_CAST(v.attribute->>'$.size_bytes' AS BIGINT),
  coalesce(v.attribute->>'$.sha256."$bytes"', v.attribute->>'$.sha256'), f.ts, f.workflow,
  v.attribute
FROM (SELECT DISTINCT ON (r.object) r.object, r.kind, r.ts, r.workflow
      FROM object_record r JOIN touched ON touched.id = r.object
      JOIN producer_row p ON p.producer = r.producer
      -- A plain file is what who knows no better calls it.
      ORDER BY r.object, r.kind = 'file', r.ts, p.uid, r.ring, r.number) f
LEFT JOIN ()sql") +
           kTouchedValues + ") v ON v.id = f.object")
      .with_context("cannot fold objects");
}

Status refresh_campaigns(const Connection& connection, const std::unordered_set<Uuid>& campaigns) {
  if (campaigns.empty()) return {};
  HEADRACE_RETURN_IF_ERROR(fill_touched(connection, campaigns));
  return connection
      .run(std::string(R"sql(
UPDATE campaign_row c SET begin_ns = f.begin_ns, tags = v.tag
FROM (SELECT r.campaign, min(r.ts) AS begin_ns FROM campaign_record r
      JOIN touched ON touched.id = r.campaign GROUP BY r.campaign) f
LEFT JOIN ()sql") +
           kTouchedValues + ") v ON v.id = f.campaign WHERE c.campaign = f.campaign")
      .with_context("cannot fold campaigns");
}

Status refresh_missing(const Connection& connection, const std::vector<uint32_t>& producers) {
  if (producers.empty()) return {};
  const std::string list = number_list(producers);
  return connection
      .run("DELETE FROM gap_row WHERE reason IN ('missing', 'damaged') AND producer IN (" + list +
           ");\n"
           "CREATE OR REPLACE TEMP TABLE known_numbers AS\n"
           "  SELECT producer, ring, first, past FROM watermark WHERE producer IN (" +
           list +
           ")\n  UNION ALL SELECT producer, ring, first_number, first_number + count FROM gap_row "
           "WHERE ring IS NOT NULL AND producer IN (" +
           list +
           ");\n"
           // Where bytes of the producer are in quarantine, what is missing was in them. A process
           // that still runs may yet send what is missing otherwise.
           "CREATE OR REPLACE TEMP TABLE may_miss AS\n"
           "  SELECT p.producer, p.accepted, p.state, q.producer IS NOT NULL AS damaged\n"
           "  FROM producer_row p LEFT JOIN (SELECT DISTINCT producer FROM quarantine_row\n"
           "                                 WHERE ring IS NULL) q ON q.producer = p.producer\n"
           "  WHERE p.producer IN (" +
           list + ") AND (p.state <> 'running' OR q.producer IS NOT NULL);\n" +
           R"sql(
INSERT INTO gap_row
SELECT k.producer, k.ring, k.reached, k.first - k.reached,
  CASE WHEN m.damaged THEN 'damaged' ELSE 'missing' END, NULL
FROM (SELECT *, coalesce(max(past) OVER (PARTITION BY producer, ring ORDER BY first, past
                                         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS reached
      FROM known_numbers) k
JOIN may_miss m ON m.producer = k.producer
WHERE k.first > k.reached;
INSERT INTO gap_row
SELECT m.producer, NULL, NULL, m.accepted - coalesce(k.used, 0),
  CASE WHEN m.damaged THEN 'damaged' ELSE 'missing' END, NULL
FROM may_miss m
LEFT JOIN (SELECT producer, sum(past)::UBIGINT AS used
           FROM (SELECT producer, ring, max(past) AS past FROM known_numbers GROUP BY producer, ring)
           GROUP BY producer) k ON k.producer = m.producer
WHERE m.state <> 'running' AND m.accepted > coalesce(k.used, 0);
)sql")
      .with_context("cannot account for missing records");
}

}  // namespace headrace::store

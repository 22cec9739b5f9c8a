#include "store/remove.h"

#include <utility>

#include "base/clock.h"
#include "store/amendment.h"
#include "store/appender.h"
#include "store/texts.h"

namespace headrace::store {
namespace {

// Processes that recorded something of the workflows in `removal`.
constexpr const char* kHad = R"sql(
CREATE OR REPLACE TEMP TABLE had_producer AS
WITH w AS (SELECT wf, workflow FROM workflow_row WHERE workflow IN (SELECT id FROM removal))
SELECT producer FROM task_slots WHERE wf IN (SELECT wf FROM w)
UNION SELECT producer FROM open_task WHERE wf IN (SELECT wf FROM w)
UNION SELECT producer FROM log_row WHERE wf IN (SELECT wf FROM w)
UNION SELECT producer FROM exposure_row WHERE wf IN (SELECT wf FROM w)
UNION SELECT producer FROM workflow_record WHERE workflow IN (SELECT workflow FROM w)
)sql";

// Of these, those with nothing left that ran on no host together with one that is left: a node's
// counters are sampled by one process for all.
constexpr const char* kGone = R"sql(
CREATE OR REPLACE TEMP TABLE left_producer AS
SELECT p.producer, p.hostname, min(t.begin_ns) AS begin_ns, max(t.end_ns) AS end_ns
FROM producer_row p JOIN (
  SELECT producer, ts AS begin_ns, ts + dur AS end_ns FROM task_slots
  UNION ALL SELECT producer, ts, NULL FROM open_task
  UNION ALL SELECT producer, begin_ns, end_ns FROM workflow_record
  UNION ALL SELECT producer, begin_ts, end_ts FROM exposure_row
  UNION ALL SELECT producer, ts, ts FROM log_row) t ON t.producer = p.producer
GROUP BY p.producer, p.hostname;
CREATE OR REPLACE TEMP TABLE gone_producer AS
SELECT p.producer FROM producer_row p
LEFT JOIN (SELECT d.producer, min(s.ts) AS begin_ns, max(s.ts) AS end_ns
           FROM sample_row s JOIN sensor_row d ON d.sensor = s.sensor GROUP BY d.producer) s
  ON s.producer = p.producer
WHERE p.state <> 'running' AND p.producer IN (SELECT producer FROM had_producer)
  AND p.producer NOT IN (SELECT producer FROM left_producer)
  AND NOT EXISTS (FROM left_producer l WHERE l.hostname = p.hostname
    AND s.begin_ns <= coalesce(l.end_ns, 9223372036854775807) AND s.end_ns >= l.begin_ns);
)sql";

constexpr const char* kSweep = R"sql(
CREATE OR REPLACE TEMP TABLE gone_object AS
SELECT DISTINCT object FROM object_record
WHERE producer IN (SELECT producer FROM gone_producer)
   OR workflow IN (SELECT id FROM amendment WHERE action = 'remove');
DELETE FROM gone_object WHERE object IN (SELECT object FROM edge_row);
DELETE FROM gone_object WHERE object IN (
  SELECT object FROM object_record WHERE producer NOT IN (SELECT producer FROM gone_producer)
    AND (workflow IS NULL OR workflow IN (SELECT workflow FROM workflow_row)));
DELETE FROM object_record WHERE object IN (SELECT object FROM gone_object);
DELETE FROM object_row WHERE object IN (SELECT object FROM gone_object);
DELETE FROM value_row WHERE owner IN (SELECT object FROM gone_object);
DELETE FROM sample_row WHERE sensor IN (SELECT sensor FROM sensor_row
  WHERE producer IN (SELECT producer FROM gone_producer));
DELETE FROM energy_balance_row WHERE producer IN (SELECT producer FROM gone_producer);
DELETE FROM energy_domain_row WHERE producer IN (SELECT producer FROM gone_producer);
DELETE FROM activity_energy_row WHERE producer IN (SELECT producer FROM gone_producer);
DELETE FROM layer_energy_row WHERE producer IN (SELECT producer FROM gone_producer);
DELETE FROM segment WHERE name IN (SELECT name FROM gone_segment);
-- Figures that were computed stay: they could not come out the same from what is left.
CREATE OR REPLACE TEMP TABLE left_mark AS
SELECT m.producer, coalesce(t.n, 0) AS tasks, coalesce(o.n, 0) AS open_tasks,
  coalesce(s.n, 0) AS samples, coalesce(x.n, 0) AS exposures
FROM energy_mark m
LEFT JOIN (SELECT producer, count(*) AS n FROM exposure_row GROUP BY producer) x
  ON x.producer = m.producer
LEFT JOIN (SELECT producer, count(*) AS n FROM task_slots GROUP BY producer) t
  ON t.producer = m.producer
LEFT JOIN (SELECT producer, count(*) AS n FROM open_task GROUP BY producer) o
  ON o.producer = m.producer
LEFT JOIN (SELECT d.producer, count(*) AS n FROM sample_row s JOIN sensor_row d
             ON d.sensor = s.sensor GROUP BY d.producer) s ON s.producer = m.producer;
DELETE FROM energy_mark;
INSERT INTO energy_mark SELECT * FROM left_mark;
)sql";

constexpr const char* kGoneSegments = R"sql(
CREATE OR REPLACE TEMP TABLE gone_segment AS
SELECT name FROM segment WHERE sealed AND resume_at >= size_bytes AND split_part(name, '-', 1) IN (
  SELECT printf('%015x', p.uid) FROM producer_row p
  WHERE p.producer IN (SELECT producer FROM gone_producer));
)sql";

struct Rows {
  int64_t Removed::*to;
  const char* table;
};
constexpr Rows kRows[] = {{&Removed::objects, "object_row"}, {&Removed::edges, "edge_row"},
                          {&Removed::samples, "sample_row"}, {&Removed::log_rows, "log_row"},
                          {&Removed::tasks, "task_slots"},   {&Removed::tasks, "open_task"}};

// Adds how many there are now, times `sign`.
Status count_rows(const Connection& connection, int64_t sign, Removed& out) {
  for (const Rows& rows : kRows) {
    const Result<int64_t> n = connection.integer(std::string("SELECT count(*) FROM ") + rows.table);
    if (!n.ok()) return n.status();
    out.*rows.to += sign * *n;
  }
  return {};
}

// Deletes what removed workflows alone needed.
Status sweep(const Connection& connection, Removed& out) {
  HEADRACE_RETURN_IF_ERROR(connection.run(kGone));
  HEADRACE_RETURN_IF_ERROR(connection.run(kGoneSegments));
  Result<std::vector<std::string>> names =
      texts(connection, "SELECT name FROM gone_segment ORDER BY name");
  if (!names.ok()) return names.status();
  out.segments = std::move(*names);
  return connection.run(kSweep);
}

}  // namespace

Result<Removed> remove_workflows(const Connection& connection, const std::vector<Uuid>& workflows) {
  HEADRACE_RETURN_IF_ERROR(
      connection.run("CREATE OR REPLACE TEMP TABLE removal AS FROM amendment LIMIT 0"));
  {
    Result<Appender> rows = Appender::open(connection, "removal");
    if (!rows.ok()) return rows.status();
    const int64_t now = now_realtime_ns();
    for (const Uuid& id : workflows) {
      HEADRACE_RETURN_IF_ERROR(rows->next_row());
      rows->set(0, now);
      rows->set_text(1, "workflow");
      rows->set_uuid(2, id);
      rows->set_text(3, "remove");
      rows->set_text(4, "");
    }
    HEADRACE_RETURN_IF_ERROR(rows->close());
  }
  Removed out;
  HEADRACE_RETURN_IF_ERROR(count_rows(connection, 1, out));
  HEADRACE_RETURN_IF_ERROR(connection.run(kHad));
  HEADRACE_RETURN_IF_ERROR(connection.run("INSERT INTO amendment FROM removal"));
  HEADRACE_RETURN_IF_ERROR(apply_removals(connection));
  HEADRACE_RETURN_IF_ERROR(sweep(connection, out));
  HEADRACE_RETURN_IF_ERROR(count_rows(connection, -1, out));
  return out;
}

}  // namespace headrace::store

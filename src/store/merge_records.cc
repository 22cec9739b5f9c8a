#include "store/merge_records.h"

#include <string>

#include "store/amendment.h"

namespace headrace::store {
namespace {

// Rows that say which record they are, or are one of a producer's few by another mark.
struct Numbered {
  const char* table;
  const char* is_same;  // besides the producer; `h` is a row here, `r` one there
};
constexpr const char* kSameRecord = "h.ring = r.ring AND h.number = r.number";
constexpr Numbered kNumbered[] = {
    {"workflow_record", kSameRecord},
    {"object_record", kSameRecord},
    {"campaign_record", kSameRecord},
    {"value_row", "h.ring = r.ring AND h.number = r.number AND h.position = r.position"},
    {"edge_record", kSameRecord},
    {"unknown_row", kSameRecord},
    {"thread_row", "h.ring = r.ring"},
    {"clock_row", "h.ticks = r.ticks"},
};

// The same tick can get times that differ by the clock's uncertainty, some tens of ns, in two
// stores: the later of them knew more clock readings. Closer than this, rows that are equal
// otherwise are one.
constexpr const char* kNear_ns = "1000";

// An edge does not say which record told it, and a process may tell edges of another's task. So of
// equal edges there are as many afterwards as in the store that has more of them.
constexpr const char* kEdges = R"sql(
INSERT INTO edge_row
SELECT e.relation, p.new, e.seq, w.new, e.object, e.name, e.exact
FROM incoming.edge_row e JOIN merge_producer p ON p.old = e.producer
LEFT JOIN merge_workflow w ON w.old = e.wf
WHERE e.producer IN (SELECT old FROM merge_news)
   OR EXISTS (FROM incoming.edge_record WHERE producer IN (SELECT old FROM merge_news))
EXCEPT ALL
SELECT * FROM edge_row WHERE producer IN (SELECT new FROM merge_producer)
)sql";

constexpr const char* kSamples = R"sql(
INSERT INTO sample_row SELECT b.sensor, b.ts, b.raw, b.flags FROM (
  SELECT n.new AS sensor, r.ts, r.raw, r.flags, r.ts + $near AS near
  FROM incoming.sample_row r JOIN merge_sensor n ON n.old = r.sensor
  JOIN incoming.sensor_row s ON s.sensor = r.sensor
  WHERE s.producer IN (SELECT old FROM merge_news)) b
ASOF LEFT JOIN (
  SELECT * FROM sample_row WHERE sensor IN (SELECT new FROM merge_sensor WHERE NOT is_new)) h
ON h.sensor = b.sensor AND h.raw = b.raw AND h.flags = b.flags AND b.near >= h.ts
WHERE h.ts IS NULL OR h.ts < b.ts - $near
ORDER BY b.sensor, b.ts
)sql";

constexpr const char* kLog = R"sql(
INSERT INTO log_row SELECT b.* EXCLUDE (near, said) FROM (
  SELECT w.new AS wf, m.new AS producer, r.seq, r.ts, r.stream, r.text, r."values",
    r.ts + $near AS near, hash(w.new, r.seq, r.stream, r.text, r."values") AS said
  FROM incoming.log_row r JOIN merge_news m ON m.old = r.producer
  LEFT JOIN merge_workflow w ON w.old = r.wf) b
ASOF LEFT JOIN (
  SELECT producer, ts, hash(wf, seq, stream, text, "values") AS said FROM log_row
  WHERE producer IN (SELECT new FROM merge_news)) h
ON h.producer = b.producer AND h.said = b.said AND b.near >= h.ts
WHERE h.ts IS NULL OR h.ts < b.ts - $near
)sql";

constexpr const char* kExposures = R"sql(
INSERT INTO exposure_row SELECT r.* REPLACE (m.new AS producer, w.new AS wf)
FROM incoming.exposure_row r JOIN merge_news m ON m.old = r.producer
LEFT JOIN merge_workflow w ON w.old = r.wf
WHERE NOT EXISTS (FROM exposure_row h
  WHERE h.producer = m.new AND h.ring = r.ring AND h.number = r.number)
)sql";

// Gaps that producers told; what is missing is counted again by the writer.
constexpr const char* kGaps = R"sql(
INSERT INTO gap_row SELECT r.* REPLACE (m.new AS producer)
FROM incoming.gap_row r JOIN merge_news m ON m.old = r.producer
WHERE r.reason NOT IN ('missing', 'damaged') AND NOT EXISTS (FROM gap_row h
  WHERE h.producer = m.new AND h.ring IS NOT DISTINCT FROM r.ring AND h.reason = r.reason
    AND h.first_number IS NOT DISTINCT FROM r.first_number AND h.count = r.count
    AND (h.ring IS NOT NULL OR abs(h.ts - r.ts) <= $near))
)sql";

// What was refused in one store may have been taken in the other: of rows about the same numbers
// those hold that have fewer of them. Damaged bytes have no numbers: they are told by their place.
constexpr const char* kQuarantine = R"sql(
CREATE OR REPLACE TEMP TABLE merge_refused AS
SELECT r.* REPLACE (m.new AS producer) FROM incoming.quarantine_row r
JOIN merge_news m ON m.old = r.producer;
CREATE OR REPLACE TEMP TABLE merge_taken AS
SELECT h.rowid AS row, h.producer, h.ring, h.number, h.number + h.records AS past
FROM quarantine_row h JOIN merge_news m ON m.new = h.producer
JOIN incoming.watermark w ON w.producer = m.old AND w.ring = h.ring AND w.first <= h.number
  AND w.past >= h.number + h.records
WHERE h.records > coalesce((SELECT sum(r.records) FROM merge_refused r
  WHERE r.producer = h.producer AND r.ring = h.ring AND r.number >= h.number
    AND r.number < h.number + h.records), 0);
DELETE FROM quarantine_row WHERE rowid IN (SELECT row FROM merge_taken);
INSERT INTO quarantine_row SELECT * FROM merge_refused r
WHERE CASE WHEN r.ring IS NULL THEN
    NOT EXISTS (FROM quarantine_row h WHERE h.producer = r.producer AND h.ring IS NULL
                  AND h.file = r.file AND h."offset" = r."offset")
  ELSE
    EXISTS (FROM merge_taken t WHERE t.producer = r.producer AND t.ring = r.ring
              AND r.number >= t.number AND r.number < t.past)
    OR NOT EXISTS (FROM watermark a WHERE a.producer = r.producer AND a.ring = r.ring
                     AND a.first < r.number + r.records AND a.past > r.number)
  END
)sql";

// Ranges of both, those that touch as one.
constexpr const char* kRanges = R"sql(
CREATE OR REPLACE TEMP TABLE merge_range AS
WITH both_stores AS (
  SELECT a.* FROM watermark a WHERE a.producer IN (SELECT new FROM merge_news)
  UNION ALL SELECT m.new, b.ring, b.first, b.past
  FROM incoming.watermark b JOIN merge_news m ON m.old = b.producer),
reached AS (
  SELECT *, max(past) OVER (PARTITION BY producer, ring ORDER BY first, past
                            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
  FROM both_stores),
islands AS (
  SELECT *, count(*) FILTER (before IS NULL OR first > before)
    OVER (PARTITION BY producer, ring ORDER BY first, past ROWS UNBOUNDED PRECEDING) AS island
  FROM reached)
SELECT producer, ring, min(first) AS first, max(past) AS past FROM islands
GROUP BY producer, ring, island;
DELETE FROM watermark WHERE producer IN (SELECT new FROM merge_news);
INSERT INTO watermark SELECT * FROM merge_range ORDER BY ALL
)sql";

constexpr const char* kSegments = R"sql(
CREATE OR REPLACE TEMP TABLE merge_segment AS
SELECT name, arg_max(size_bytes, (sealed, resume_at, size_bytes)) AS size_bytes,
  max(resume_at) AS resume_at, bool_or(sealed) AS sealed
FROM (FROM segment UNION ALL FROM incoming.segment)
WHERE name IN (SELECT name FROM incoming.segment) GROUP BY name;
DELETE FROM segment WHERE name IN (SELECT name FROM merge_segment);
INSERT INTO segment SELECT * FROM merge_segment ORDER BY name
)sql";

Status run(const Connection& connection, std::string sql) {
  for (size_t at = sql.find("$near"); at != std::string::npos; at = sql.find("$near", at)) {
    sql.replace(at, 5, kNear_ns);
  }
  return connection.run(sql);
}

}  // namespace

Status merge_records(const Connection& connection) {
  for (const Numbered& n : kNumbered) {
    const std::string table = n.table;
    HEADRACE_RETURN_IF_ERROR(connection.run(
        "INSERT INTO " + table + " SELECT r.* REPLACE (m.new AS producer) FROM " + "incoming." +
        table + " r JOIN merge_news m ON m.old = r.producer " + "WHERE NOT EXISTS (FROM " + table +
        " h WHERE h.producer = m.new AND " + n.is_same + ")"));
  }
  for (const char* sql : {kEdges, kSamples, kLog, kExposures, kGaps, kQuarantine}) {
    HEADRACE_RETURN_IF_ERROR(run(connection, sql));
  }
  return {};
}

Status merge_marks(const Connection& connection) {
  HEADRACE_RETURN_IF_ERROR(connection.run(kRanges));
  return connection.run(kSegments);
}

Status merge_amendments(const Connection& connection, const std::filesystem::path& store_file) {
  HEADRACE_RETURN_IF_ERROR(connection.run(R"sql(
CREATE OR REPLACE TEMP TABLE merge_word AS
SELECT DISTINCT b.* FROM incoming.amendment b
WHERE NOT EXISTS (FROM amendment h WHERE h.ts = b.ts AND h.id = b.id AND h.action = b.action
                    AND h.value = b.value)
  AND NOT (b.action = 'remove' AND b.id IN (
    SELECT workflow FROM workflow_row UNION ALL SELECT campaign FROM workflow_row
    WHERE campaign IS NOT NULL));
INSERT INTO amendment SELECT * FROM merge_word ORDER BY ts
)sql"));
  return store_file.empty() ? Status() : note_in_journal(connection, "merge_word", store_file);
}

}  // namespace headrace::store

#include "store/merge_numbers.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace headrace::store {
namespace {

using Pairs = std::vector<std::pair<uint32_t, uint32_t>>;

Status fill(const Connection& connection, const std::string& table, const Pairs& pairs) {
  HEADRACE_RETURN_IF_ERROR(
      connection.run("CREATE OR REPLACE TEMP TABLE " + table + "(old UINTEGER, new UINTEGER)"));
  Result<Appender> rows = Appender::open(connection, table);
  if (!rows.ok()) return rows.status();
  for (const auto& [from, to] : pairs) {
    HEADRACE_RETURN_IF_ERROR(rows->next_row());
    rows->set(0, from);
    rows->set(1, to);
  }
  return rows->close();
}

uint32_t number(const Chunk& c, size_t column, size_t row) {
  return static_cast<uint32_t>(c.integer(column, row));
}

std::vector<Field> without_places(std::vector<Field> fields) {
  for (Field& f : fields) f = {f.role, f.type, std::move(f.key)};
  return fields;
}

std::vector<SlotMove> moves_between(const Schema& from, const Schema& to) {
  std::vector<SlotMove> out;
  bool is_same = true;
  for (const Field& f : from.fields) {
    if (f.slot == kNoSlot) continue;
    for (const Field& t : to.fields) {
      if (t.role != f.role || t.type != f.type || t.key != f.key) continue;
      out.push_back({f.page, f.slot, t.page, t.slot});
      is_same = is_same && f.page == t.page && f.slot == t.slot;
    }
  }
  if (is_same) return {};
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

Status MergeNumbers::producers(const Connection& connection, Writer& writer) {
  Result<QueryResult> rows = connection.query(
      "SELECT producer, uid, hostname, pid, rank, boot_id, start_time_ticks, accepted, dropped, "
      "facts_order, facts, facts->>'$.ended' = 'clean', facts->>'$.ended' <> 'clean', "
      "state = 'lost' FROM incoming.producer_row ORDER BY producer");
  if (!rows.ok()) return rows.status();
  Pairs pairs;
  while (rows->next()) {
    const Chunk& c = rows->chunk();
    for (size_t r = 0; r < c.rows(); ++r) {
      const uint32_t id = writer.producer(static_cast<ProducerId>(c.integer(1, r)));
      pairs.emplace_back(number(c, 0, r), id);
      if (c.is_null(10, r)) continue;
      ProducerFacts facts;
      facts.hostname = c.text(2, r);
      facts.pid = c.integer(3, r);
      if (!c.is_null(4, r)) facts.rank = c.integer(4, r);
      facts.boot_id = c.text(5, r);
      facts.start_time_ticks = c.integer(6, r);
      if (!c.is_null(7, r)) facts.accepted = static_cast<uint64_t>(c.integer(7, r));
      if (!c.is_null(8, r)) facts.dropped = static_cast<uint64_t>(c.integer(8, r));
      facts.order = static_cast<uint64_t>(c.integer(9, r));
      facts.json = c.text(10, r);
      facts.ended = c.boolean(11, r);
      facts.lost = c.boolean(12, r);
      writer.describe(id, std::move(facts));
      // Whoever folded it there saw that it was gone.
      if (c.boolean(13, r)) writer.set_gone(id);
    }
  }
  return fill(connection, "merge_producer", pairs);
}

// More is known there of a producer when it has numbers that are not here, or has taken records out
// of quarantine that still lie in ours.
Status MergeNumbers::find_news(const Connection& connection) {
  HEADRACE_RETURN_IF_ERROR(connection.run(R"sql(
CREATE OR REPLACE TEMP TABLE merge_news AS
SELECT m.old, m.new FROM merge_producer m WHERE m.old IN (
  SELECT b.producer FROM incoming.watermark b JOIN merge_producer m ON m.old = b.producer
  WHERE NOT EXISTS (FROM watermark a WHERE a.producer = m.new AND a.ring = b.ring
                      AND a.first <= b.first AND a.past >= b.past)
  UNION ALL
  SELECT m.old FROM quarantine_row a JOIN merge_producer m ON m.new = a.producer
  JOIN incoming.watermark w ON w.producer = m.old AND w.ring = a.ring
    AND w.first <= a.number AND w.past >= a.number + a.records
  WHERE a.records > coalesce((SELECT sum(b.records) FROM incoming.quarantine_row b
    WHERE b.producer = m.old AND b.ring = a.ring AND b.number >= a.number
      AND b.number < a.number + a.records), 0))
ORDER BY m.old
)sql"));
  Result<QueryResult> rows = connection.query("SELECT new FROM merge_news");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    for (size_t r = 0; r < rows->chunk().rows(); ++r) news_.push_back(number(rows->chunk(), 0, r));
  }
  return {};
}

Status MergeNumbers::workflows(const Connection& connection, Writer& writer) {
  Result<QueryResult> rows =
      connection.query("SELECT wf, workflow FROM incoming.workflow_row ORDER BY wf");
  if (!rows.ok()) return rows.status();
  Pairs pairs;
  while (rows->next()) {
    const Chunk& c = rows->chunk();
    for (size_t r = 0; r < c.rows(); ++r) {
      pairs.emplace_back(number(c, 0, r), writer.workflow(c.uuid(1, r)));
    }
  }
  HEADRACE_RETURN_IF_ERROR(fill(connection, "merge_workflow", pairs));
  // Not those of which everything was removed here.
  rows = connection.query(R"sql(
SELECT c.campaign, c.name FROM incoming.campaign_row c
LEFT JOIN (SELECT campaign, bool_and(workflow IN (SELECT id FROM amendment
                                                  WHERE action = 'remove')) AS is_gone
           FROM incoming.workflow_row GROUP BY campaign) w ON w.campaign = c.campaign
WHERE NOT coalesce(w.is_gone, false) ORDER BY c.campaign
)sql");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const Chunk& c = rows->chunk();
    for (size_t r = 0; r < c.rows(); ++r) writer.campaign(c.uuid(0, r), c.text(1, r));
  }
  return {};
}

Status MergeNumbers::sensors(const Connection& connection) {
  return connection.run(R"sql(
CREATE OR REPLACE TEMP TABLE merge_sensor AS
SELECT s.sensor AS old, a.sensor IS NULL AS is_new, coalesce(a.sensor,
  (SELECT coalesce(max(sensor), 0) FROM sensor_row) +
  row_number() OVER (PARTITION BY a.sensor IS NULL ORDER BY s.sensor))::UINTEGER AS new
FROM incoming.sensor_row s JOIN merge_producer m ON m.old = s.producer
LEFT JOIN sensor_row a ON a.producer = m.new AND a.entry = s.entry;
INSERT INTO sensor_row SELECT s.* REPLACE (n.new AS sensor, m.new AS producer)
FROM incoming.sensor_row s JOIN merge_sensor n ON n.old = s.sensor
JOIN merge_producer m ON m.old = s.producer WHERE n.is_new ORDER BY n.new
)sql");
}

Status MergeNumbers::schemas(const Connection& connection, Writer& writer,
                             const Registry& incoming) {
  std::vector<uint32_t> activity_of(incoming.activities().size() + 1);
  Pairs pairs;
  for (const Activity& a : incoming.activities()) {
    activity_of[a.id] = writer.activity(a.name, a.facts);
    pairs.emplace_back(a.id, activity_of[a.id]);
  }
  HEADRACE_RETURN_IF_ERROR(fill(connection, "merge_activity", pairs));
  std::vector<std::set<uint32_t>> users(incoming.schemas().size() + 1);
  for (const auto& [schema, activity] : incoming.uses()) {
    if (schema < users.size() && activity < activity_of.size()) users[schema].insert(activity);
  }
  std::vector<uint32_t> schema_of(incoming.schemas().size() + 1);
  for (const Schema& s : incoming.schemas()) {
    if (users[s.id].empty()) schema_of[s.id] = writer.schema(without_places(s.fields));
    for (const uint32_t user : users[s.id]) {
      schema_of[s.id] =
          writer.schema(without_places(s.fields), incoming.activities()[user - 1].name);
      writer.note_use(schema_of[s.id], activity_of[user]);
    }
  }
  // Only now: a key may have got a column of its own on the way.
  HEADRACE_RETURN_IF_ERROR(writer.error());
  HEADRACE_RETURN_IF_ERROR(connection.run(
      "CREATE OR REPLACE TEMP TABLE merge_schema(old UINTEGER, new UINTEGER, layout UINTEGER)"));
  Result<Appender> rows = Appender::open(connection, "merge_schema");
  if (!rows.ok()) return rows.status();
  std::map<std::vector<SlotMove>, uint32_t> numbers{{{}, 0}};
  layouts_.assign(1, {});
  HEADRACE_RETURN_IF_ERROR(rows->next_row());
  for (size_t column = 0; column < 3; ++column) rows->set(column, uint32_t{0});  // no values
  for (const Schema& s : incoming.schemas()) {
    std::vector<SlotMove> moves = moves_between(s, writer.layout(schema_of[s.id]));
    const auto [found, is_new] = numbers.try_emplace(moves, static_cast<uint32_t>(layouts_.size()));
    if (is_new) layouts_.push_back(std::move(moves));
    HEADRACE_RETURN_IF_ERROR(rows->next_row());
    rows->set(0, s.id);
    rows->set(1, schema_of[s.id]);
    rows->set(2, found->second);
  }
  return rows->close();
}

Result<MergeNumbers> MergeNumbers::make(const Connection& connection, Writer& writer,
                                        const Registry& incoming) {
  MergeNumbers out;
  HEADRACE_RETURN_IF_ERROR(out.producers(connection, writer));
  HEADRACE_RETURN_IF_ERROR(out.find_news(connection));
  HEADRACE_RETURN_IF_ERROR(workflows(connection, writer));
  HEADRACE_RETURN_IF_ERROR(sensors(connection));
  HEADRACE_RETURN_IF_ERROR(out.schemas(connection, writer, incoming));
  return out;
}

}  // namespace headrace::store

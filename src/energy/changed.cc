#include "energy/changed.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <string>

#include "store/appender.h"

namespace headrace::energy {
namespace {

using store::Chunk;
using store::Connection;

// Marks of all producers with tasks or samples, and whether each differs from the kept one.
constexpr const char* kMarks = R"sql(
WITH finished AS (SELECT producer, count(*) AS n FROM task_slots GROUP BY producer),
  open AS (SELECT producer, count(*) AS n FROM open_task GROUP BY producer),
  by_sensor AS (SELECT sensor, count(*) AS n FROM sample_row GROUP BY sensor),
  sampled AS (SELECT d.producer, sum(b.n)::BIGINT AS n FROM by_sensor b
              JOIN sensor_row d ON d.sensor = b.sensor GROUP BY d.producer),
  exposed AS (SELECT producer, count(*) AS n FROM exposure_row GROUP BY producer),
  now AS (SELECT p.producer, coalesce(f.n, 0) AS tasks, coalesce(o.n, 0) AS open_tasks,
            coalesce(s.n, 0) AS samples, coalesce(x.n, 0) AS exposures
          FROM producer_row p LEFT JOIN finished f ON f.producer = p.producer
          LEFT JOIN open o ON o.producer = p.producer
          LEFT JOIN sampled s ON s.producer = p.producer
          LEFT JOIN exposed x ON x.producer = p.producer)
SELECT n.producer, n.tasks, n.open_tasks, n.samples, n.exposures,
  (n.tasks, n.open_tasks, n.samples, n.exposures) IS DISTINCT FROM
    (coalesce(m.tasks, 0), coalesce(m.open_tasks, 0), coalesce(m.samples, 0),
     coalesce(m.exposures, 0))
FROM now n LEFT JOIN energy_mark m ON m.producer = n.producer
)sql";

constexpr const char* kParentLinks = R"sql(
SELECT DISTINCT producer, parent_producer
FROM (SELECT producer, parent_producer FROM task_slots
      UNION ALL SELECT producer, parent_producer FROM open_task)
WHERE parent_producer IS NOT NULL AND parent_producer <> producer
)sql";

// When each producer was sampled, on hosts that have an energy counter of the node.
constexpr const char* kNodeSpans = R"sql(
SELECT p.hostname, d.producer, min(s.ts), max(s.ts)
FROM sample_row s JOIN sensor_row d ON d.sensor = s.sensor
JOIN producer_row p ON p.producer = d.producer
WHERE p.hostname IN (
  SELECT q.hostname FROM sensor_row e JOIN producer_row q ON q.producer = e.producer
  WHERE e.quantity = 'hw.energy' AND e.truth = 'measured')
GROUP BY p.hostname, d.producer ORDER BY p.hostname, 3
)sql";

// Sets of producers that hang together.
class Groups {
 public:
  uint32_t root(uint32_t producer) {
    uint32_t& parent = parent_.try_emplace(producer, producer).first->second;
    if (parent == producer) return producer;
    parent = root(parent);
    return parent;
  }
  void join(uint32_t a, uint32_t b) { parent_[root(a)] = root(b); }

 private:
  std::map<uint32_t, uint32_t> parent_;
};

Status join_by_parents(const Connection& connection, Groups& groups) {
  Result<store::QueryResult> links = connection.query(kParentLinks);
  if (!links.ok()) return links.status();
  while (links->next()) {
    const Chunk& c = links->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      groups.join(static_cast<uint32_t>(c.integer(0, row)),
                  static_cast<uint32_t>(c.integer(1, row)));
    }
  }
  return {};
}

Status join_by_node(const Connection& connection, Groups& groups) {
  Result<store::QueryResult> spans = connection.query(kNodeSpans);
  if (!spans.ok()) return spans.status();
  std::string host;
  uint32_t latest = 0;
  int64_t until_ns = 0;
  bool any = false;
  while (spans->next()) {
    const Chunk& c = spans->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      const auto producer = static_cast<uint32_t>(c.integer(1, row));
      const int64_t end_ns = c.integer(3, row);
      const bool overlaps = any && c.text(0, row) == host && c.integer(2, row) <= until_ns;
      if (overlaps) groups.join(producer, latest);
      if (!overlaps || end_ns > until_ns) {
        latest = producer;
        until_ns = end_ns;
      }
      host = c.text(0, row);
      any = true;
    }
  }
  return {};
}

// A store that was computed before there were policies has no row: it was kept separate.
constexpr const char* kPolicy =
    "SELECT coalesce((SELECT value FROM meta WHERE key = 'idle_policy'), 'separate')";

}  // namespace

Result<IdlePolicy> kept_policy(const Connection& connection) {
  const Result<std::string> kept = connection.text(kPolicy);
  if (!kept.ok()) return kept.status();
  for (const IdlePolicy one : {IdlePolicy::kByResidency, IdlePolicy::kNone}) {
    if (*kept == name_of(one)) return one;
  }
  return IdlePolicy::kSeparate;
}

Result<std::vector<Mark>> changed(const Connection& connection, bool every) {
  Result<store::QueryResult> rows = connection.query(kMarks);
  if (!rows.ok()) return rows.status();
  std::vector<Mark> all;
  std::vector<uint32_t> differing;
  while (rows->next()) {
    const Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      all.push_back({static_cast<uint32_t>(c.integer(0, row)), c.integer(1, row), c.integer(2, row),
                     c.integer(3, row), c.integer(4, row)});
      if (every || c.boolean(5, row)) differing.push_back(all.back().producer);
    }
  }
  if (differing.empty()) return std::vector<Mark>();
  Groups groups;
  HEADRACE_RETURN_IF_ERROR(join_by_parents(connection, groups));
  HEADRACE_RETURN_IF_ERROR(join_by_node(connection, groups));
  std::set<uint32_t> roots;
  for (const uint32_t producer : differing) roots.insert(groups.root(producer));
  std::erase_if(all, [&](const Mark& m) { return !roots.contains(groups.root(m.producer)); });
  std::sort(all.begin(), all.end(),
            [](const Mark& a, const Mark& b) { return a.producer < b.producer; });
  return all;
}

Status set_marks(const Connection& connection, const std::vector<Mark>& marks, IdlePolicy policy) {
  const Result<IdlePolicy> kept = kept_policy(connection);
  if (!kept.ok()) return kept.status();
  if (policy != *kept) {
    HEADRACE_RETURN_IF_ERROR(
        connection.run("DELETE FROM meta WHERE key = 'idle_policy'; INSERT INTO meta VALUES "
                       "('idle_policy', '" +
                       std::string(name_of(policy)) + "')"));
  }
  HEADRACE_RETURN_IF_ERROR(
      connection.run("DELETE FROM energy_mark WHERE producer IN " + in_list(marks)));
  Result<store::Appender> rows = store::Appender::open(connection, "energy_mark");
  if (!rows.ok()) return rows.status();
  for (const Mark& mark : marks) {
    HEADRACE_RETURN_IF_ERROR(rows->next_row());
    rows->set(0, mark.producer);
    rows->set(1, mark.tasks);
    rows->set(2, mark.open_tasks);
    rows->set(3, mark.samples);
    rows->set(4, mark.exposures);
  }
  return rows->close();
}

std::string in_list(const std::vector<Mark>& marks) {
  std::string out = "(";
  for (const Mark& mark : marks) {
    if (out.size() > 1) out += ',';
    out += std::to_string(mark.producer);
  }
  return marks.empty() ? "(NULL)" : out + ")";
}

}  // namespace headrace::energy

#include "top/read_metrics.h"

#include <string>

namespace headrace::top {

Result<std::vector<MetricPoint>> read_metrics(const store::Connection& connection, int64_t* row) {
  const Result<int64_t> newest = connection.integer("SELECT coalesce(max(rowid), -1) FROM log_row");
  if (!newest.ok()) return newest.status();
  std::vector<MetricPoint> out;
  if (*newest == *row) return out;
  // The text of a workflow's program, stdout and stderr, has no values.
  Result<store::QueryResult> rows = connection.query(
      "SELECT wf, name, arg_max(\"values\"->>('/' || replace(replace(name, '~', '~0'), '/', "
      "'~1')), place), max(ts) FROM (SELECT wf, rowid AS place, ts, \"values\"::JSON AS "
      "\"values\", "
      "unnest(json_keys(\"values\")) AS name FROM log_row WHERE stream = 0 AND rowid > " +
      std::to_string(*row) + ") GROUP BY wf, name ORDER BY wf, name LIMIT 1000");
  if (!rows.ok()) return rows.status();
  *row = *newest;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t i = 0; i < c.rows(); ++i) {
      out.push_back({static_cast<uint32_t>(c.integer(0, i)), std::string(c.text(1, i)),
                     std::string(c.text(2, i)), c.integer(3, i)});
    }
  }
  return out;
}

}  // namespace headrace::top

#include "query/counter_window.h"

#include <string>
#include <utility>
#include <vector>

#include "query/nearest.h"
#include "store/database.h"

namespace headrace::query {
namespace {

using store::sql_text;

// "J" a second is a watt.
std::string rate_unit(const std::string& unit) { return unit == "J" ? "W" : unit + "/s"; }

Status no_such_sensor(const Session& session, const std::string& name) {
  const auto rows = session.rows("SELECT DISTINCT name FROM sensor ORDER BY 1");
  if (!rows.ok()) return rows.status();
  std::vector<std::string> names;
  for (const auto& row : *rows) names.push_back(row[0].text);
  const auto near = nearest_names(name, names);
  return not_found("there is no sensor " + name.substr(0, 100) +
                   (!near.empty()   ? did_you_mean(near)
                    : names.empty() ? "; no sensor was read here"
                                    : "; there are " + listed(names, 20)));
}

std::string windowed_sql(const std::string& sensors, bool is_counter,
                         const CounterQuestion& question) {
  // An aggregate in any case: `ends` is one row, whoever says where it ends.
  const auto bound = [](std::optional<int64_t> ns, const char* usual) {
    return (ns ? "any_value(" + std::to_string(*ns) + ")" : std::string(usual)) + "::BIGINT";
  };
  const std::string width = std::to_string(question.width);
  // The reading before the window counts too: the first rate in it begins there.
  const std::string value =
      is_counter ? "(value - lag(value) OVER w) / nullif((ts - lag(ts) OVER w) / 1e9, 0)" : "value";
  return "WITH s AS (SELECT sensor_id, epoch_ns(time) AS ts, value FROM sample WHERE sensor_id IN "
         "(" +
         sensors + ")), ends AS (SELECT " + bound(question.from_ns, "min(ts)") + " AS a, " +
         bound(question.to_ns, "max(ts)") + " AS b FROM s), v AS (SELECT sensor_id, ts, " + value +
         " AS value FROM s WINDOW w AS (PARTITION BY sensor_id ORDER BY ts)), " +
         // The last edge belongs to the window, or its last reading would fall off.
         "p AS (SELECT sensor_id, least(floor((ts - a)::DOUBLE * " + width +
         " / greatest(b - a, 1)), " + width +
         " - 1)::BIGINT AS pixel, value FROM v, ends WHERE ts BETWEEN a AND b AND value IS NOT "
         "NULL) SELECT p.sensor_id, d.name AS sensor, d.hostname, d.pid, d.domain, "
         "(any_value(a) + (p.pixel * (any_value(b) - any_value(a))) // " +
         width +
         ")::BIGINT AS at_ns, min(p.value) AS min, max(p.value) AS max, avg(p.value) AS mean, "
         "count(*) AS readings FROM p JOIN sensor d ON d.sensor_id = p.sensor_id, ends "
         "GROUP BY p.sensor_id, d.name, d.hostname, d.pid, d.domain, p.pixel "
         "ORDER BY p.sensor_id, p.pixel";
}

}  // namespace

Result<ResultTable> counter_window(const Session& session, const CounterQuestion& question) {
  const auto found = session.rows(
      "SELECT sensor_id, kind, unit FROM sensor WHERE name = " + sql_text(question.sensor) +
      " OR sensor_id::VARCHAR = " + sql_text(question.sensor) + " ORDER BY sensor_id LIMIT 64");
  if (!found.ok()) return found.status();
  if (found->empty()) return no_such_sensor(session, question.sensor);
  std::string sensors;
  for (const auto& row : *found) sensors += (sensors.empty() ? "" : ", ") + row[0].text;
  const bool is_counter = found->front()[1].text == "counter";
  Result<ResultTable> table = session.own_sql(windowed_sql(sensors, is_counter, question));
  if (!table.ok()) return table;
  const std::string unit = found->front()[2].text;
  for (const char* column : {"min", "max", "mean"}) {
    table->set_unit(column, is_counter ? rate_unit(unit) : unit);
  }
  return table;
}

}  // namespace headrace::query

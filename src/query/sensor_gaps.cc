#include "query/sensor_gaps.h"

#include <cmath>

#include "query/cell_value.h"
#include "query/json_or_null.h"

namespace headrace::query {
namespace {

constexpr int64_t kMostGaps = 2000;

// A row for each reading: until when it is what is known, or why nothing is. `late`: nobody read
// for longer than 3 s after it. Reasons are the numbers of model/read_failure.h and the words of
// energy/timeline.h.
std::string steps(std::optional<int64_t> from_ns, std::optional<int64_t> to_ns) {
  std::string within = "true";
  if (from_ns) within += " AND ts >= " + std::to_string(*from_ns);
  if (to_ns) within += " AND ts < " + std::to_string(*to_ns);
  return "WITH reading AS (SELECT sensor, ts, flags & 1 = 1 AS failed, flags, lead(ts) OVER "
         "(PARTITION BY sensor ORDER BY ts) AS next FROM sample_row WHERE " +
         within +
         "), step AS (SELECT *, CASE WHEN failed THEN CASE flags >> 2 & 7 WHEN 1 THEN 'no "
         "permission' WHEN 2 THEN 'gone' WHEN 3 THEN 'torn' WHEN 4 THEN 'spurious zero' WHEN 5 "
         "THEN "
         "'not refreshed' ELSE 'read failed' END WHEN next - ts > 3000000000 THEN 'not read' END "
         "AS "
         "reason FROM reading) ";
}

}  // namespace

Result<SensorGaps> sensor_gaps(const Session& session, std::optional<int64_t> from_ns,
                               std::optional<int64_t> to_ns) {
  SensorGaps out;
  const std::string with = steps(from_ns, to_ns);
  // Times as text: a double does not hold ns since 1970.
  const auto sensors = session.rows(
      with +
      "SELECT sensor, count(*) FILTER (NOT failed), count(*) FILTER (failed), median(next - ts) "
      "FILTER (reason IS NULL) / 1e9, coalesce(sum(next - ts) FILTER (reason IS NULL), 0) / "
      "nullif(max(ts) - min(ts), 0)::DOUBLE FROM step GROUP BY sensor ORDER BY sensor");
  if (!sensors.ok()) return sensors.status();
  for (const auto& row : *sensors) {
    out.sensors.push_back(
        {whole_of(row[0]), whole_of(row[1]), whole_of(row[2]), real_of(row[3]), real_of(row[4])});
  }
  const auto gaps = session.rows(
      with +
      ", turn AS (SELECT *, reason IS DISTINCT FROM lag(reason) OVER (PARTITION BY sensor ORDER BY "
      "ts) AS turns FROM step), run AS (SELECT *, sum(turns::INT) OVER (PARTITION BY sensor ORDER "
      "BY ts ROWS UNBOUNDED PRECEDING) AS part FROM turn), gap AS (SELECT sensor, min(ts) AS "
      "begins, max(coalesce(next, ts)) AS ends, any_value(reason) AS reason, count(*) FILTER "
      "(failed) AS failures FROM run WHERE reason IS NOT NULL GROUP BY sensor, part), shown AS "
      "(SELECT *, count(*) OVER () AS total FROM gap ORDER BY ends - begins DESC, sensor, begins "
      "LIMIT " +
      std::to_string(kMostGaps) +
      ") SELECT sensor, begins::VARCHAR, ends::VARCHAR, reason, failures, total FROM shown ORDER "
      "BY sensor, begins");
  if (!gaps.ok()) return gaps.status();
  for (const auto& row : *gaps) {
    out.gaps.push_back({whole_of(row[0]), std::stoll(row[1].text), std::stoll(row[2].text),
                        row[3].text, whole_of(row[4])});
    out.gaps_left = whole_of(row[5]) - static_cast<int64_t>(gaps->size());
  }
  return out;
}

Json sensor_gaps_json(const SensorGaps& gaps) {
  Json::List sensors;
  for (const SensorReading& one : gaps.sensors) {
    sensors.emplace_back(Json::Map{{"sensor_id", one.sensor},
                                   {"readings", one.readings},
                                   {"failed", one.failed},
                                   {"period_s", json_or_null(one.period_s)},
                                   {"coverage", json_or_null(one.coverage)}});
  }
  Json::List list;
  for (const SensorGap& one : gaps.gaps) {
    list.emplace_back(Json::Map{{"sensor_id", one.sensor},
                                {"from_ns", one.from_ns},
                                {"to_ns", one.to_ns},
                                {"reason", one.reason},
                                {"readings", one.readings}});
  }
  return Json::Map{
      {"sensors", std::move(sensors)}, {"gaps", std::move(list)}, {"gaps_left", gaps.gaps_left}};
}

}  // namespace headrace::query

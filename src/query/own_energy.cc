#include "query/own_energy.h"

#include "query/energy_error.h"

namespace headrace::query {

std::string with_own_energy(const std::string& reach) {
  return std::string(R"sql(
WITH any_task AS (
  SELECT producer, seq, ts, dur, parent_producer, parent_seq FROM task_slots UNION ALL
  SELECT producer, seq, ts, dur, parent_producer, parent_seq FROM open_task),
whole AS (
  SELECT e.producer, e.seq, e.wf, e.activity, e.domain, e.truth, e.method,
    coalesce(e.assumption, '') AS assumption, coalesce(e.reason, '') AS reason, e.coverage,
    e.attributed_j IS NULL AS withheld,
    coalesce(round(coalesce(e.share_j, e.attributed_j) * 1e6), 0)::BIGINT AS uj,
    coalesce()sql") +
         kSensorU95 + ", 0) AS sensor_j, " + kModelU95 + " AS model_j, " + kOwnU95Squared +
         R"sql( AS own_j2
  FROM task_energy_row e),
inside AS (
  SELECT t.parent_producer AS producer, t.parent_seq AS seq, w.domain, sum(w.uj)::BIGINT AS uj,
    sum(w.sensor_j) AS sensor_j, sum(w.model_j) AS model_j, sum(w.own_j2) AS own_j2
  FROM whole w JOIN any_task t ON t.producer = w.producer AND t.seq = w.seq
  WHERE t.parent_seq IS NOT NULL GROUP BY ALL),
own_energy AS (
  SELECT w.producer, w.seq, w.wf, w.activity, w.domain, w.truth, w.method, w.assumption, w.reason,
    w.withheld, w.uj - coalesce(i.uj, 0) AS uj,
    greatest(0, w.sensor_j - coalesce(i.sensor_j, 0)) AS sensor_j,
    greatest(0, w.model_j - coalesce(i.model_j, 0)) AS model_j,
    greatest(0, w.own_j2 - coalesce(i.own_j2, 0)) AS own_j2, w.coverage, t.ts, t.dur
  FROM whole w LEFT JOIN inside i
    ON i.producer = w.producer AND i.seq = w.seq AND i.domain = w.domain
  LEFT JOIN any_task t ON t.producer = w.producer AND t.seq = w.seq
  WHERE w.producer IN )sql" +
         reach + ") ";
}

}  // namespace headrace::query

#include "energy/recorded.h"

#include <algorithm>
#include <unordered_map>

namespace headrace::energy {
namespace {

using store::Chunk;
using store::Connection;

std::string sensors_sql(const std::vector<Mark>& producers) {
  return "SELECT d.sensor, d.producer, p.hostname, d.name, d.quantity, d.domain, d.source, "
         "d.truth, d.method, d.assumption, d.device, d.scale, d.\"range\" FROM sensor_row d "
         "JOIN producer_row p ON p.producer = d.producer WHERE d.producer IN " +
         in_list(producers) +
         " AND ((d.quantity = 'hw.energy' AND d.kind = 'counter' AND d.unit = 'J') OR "
         "d.quantity IN ('process.cpu.time', 'process.gpu.time', 'system.cpu.time', "
         "'hw.gpu.utilization')) "
         "ORDER BY d.sensor";
}

std::string tasks_sql(const std::string& table, const std::vector<Mark>& producers) {
  return "SELECT producer, seq, ts, dur, parent_producer, parent_seq, activity, wf FROM " + table +
         " WHERE ts IS NOT NULL AND producer IN " + in_list(producers);
}

}  // namespace

Result<std::vector<SensorSeries>> read_sensors(const Connection& connection,
                                               const std::vector<Mark>& producers) {
  Result<store::QueryResult> rows = connection.query(sensors_sql(producers));
  if (!rows.ok()) return rows.status();
  std::vector<SensorSeries> out;
  std::unordered_map<int64_t, size_t> place;
  while (rows->next()) {
    const Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      place[c.integer(0, row)] = out.size();
      SensorSeries& one = out.emplace_back();
      one.producer = static_cast<uint32_t>(c.integer(1, row));
      std::string* const texts[] = {&one.hostname, &one.name,       &one.quantity,
                                    &one.domain,   &one.source,     &one.truth,
                                    &one.method,   &one.assumption, &one.device};
      size_t column = 2;
      for (std::string* text : texts) *text = c.text(column++, row);
      one.scale = c.real(column, row);
      one.range = static_cast<uint64_t>(c.integer(column + 1, row));
    }
  }
  if (out.empty()) return out;
  Result<store::QueryResult> samples = connection.query(
      "SELECT s.sensor, s.ts, s.raw, s.flags FROM sample_row s JOIN (" + sensors_sql(producers) +
      ") d ON d.sensor = s.sensor ORDER BY s.sensor, s.ts");
  if (!samples.ok()) return samples.status();
  while (samples->next()) {
    const Chunk& c = samples->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      const auto flags = static_cast<uint8_t>(c.integer(3, row));
      out[place[c.integer(0, row)]].samples.push_back({c.integer(1, row),
                                                       static_cast<uint64_t>(c.integer(2, row)),
                                                       (flags & 1) != 0, failure_of_flags(flags)});
    }
  }
  return out;
}

Result<std::vector<TaskRow>> read_tasks(const Connection& connection,
                                        const std::vector<Mark>& producers) {
  Result<store::QueryResult> rows =
      connection.query(tasks_sql("task_slots", producers) + " UNION ALL " +
                       tasks_sql("open_task", producers) + " ORDER BY producer, seq");
  if (!rows.ok()) return rows.status();
  std::vector<TaskRow> out;
  while (rows->next()) {
    const Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      TaskRow task;
      task.producer = static_cast<uint32_t>(c.integer(0, row));
      task.seq = c.integer(1, row);
      task.begin_ns = c.integer(2, row);
      task.open = c.is_null(3, row);
      task.end_ns = task.begin_ns + c.integer(3, row);
      task.parent_producer = static_cast<uint32_t>(c.integer(4, row));
      task.parent_seq = c.is_null(4, row) ? 0 : c.integer(5, row);
      task.activity = static_cast<uint32_t>(c.integer(6, row));
      task.workflow = static_cast<uint32_t>(c.integer(7, row));
      const bool again =
          !out.empty() && out.back().producer == task.producer && out.back().seq == task.seq;
      if (!again) {
        out.push_back(task);
      } else if (out.back().open) {
        out.back() = task;
      }
    }
  }
  return out;
}

}  // namespace headrace::energy

#include "top/sensors.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "model/emulated.h"
#include "query/domain_sum.h"
#include "query/emulated_domains.h"

namespace headrace::top {
namespace {

constexpr int64_t kRecentNs = 10'000'000'000;
// Of a folder that is met with many samples in it.
constexpr int64_t kFirstRows = 200'000;

}  // namespace

bool Sensors::is_wanted(const std::string& quantity, const std::string& name, What* out) {
  static const std::map<std::string, What> by_quantity = {
      {"hw.energy", What::kEnergy},
      {"hw.power", What::kPower},
      {"hw.gpu.utilization", What::kGpu},
      {"process.cpu.time", What::kProcessCpu},
      {"headrace.sampler.cpu_time", What::kOwnCpu}};
  static const std::map<std::string, What> by_name = {
      {"cpu.user", What::kCpuBusy},           {"cpu.system", What::kCpuBusy},
      {"cpu.steal", What::kCpuBusy},          {"cpu.idle", What::kCpuIdle},
      {"cpu.iowait", What::kCpuIdle},         {"memory.total", What::kMemory},
      {"memory.available", What::kMemoryLeft}};
  const bool is_node = quantity == "system.cpu.time" || quantity == "system.memory.usage";
  const auto& names = is_node ? by_name : by_quantity;
  const auto found = names.find(is_node ? name : quantity);
  if (found == names.end()) return false;
  *out = found->second;
  return true;
}

Status Sensors::read_sensors(const store::Connection& connection) {
  Result<store::QueryResult> rows = connection.query(
      "SELECT sensor, producer, name, quantity, domain, truth, source, scale, \"range\"::DOUBLE, "
      "assumption FROM sensor_row WHERE sensor > " +
      std::to_string(last_sensor_));
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      last_sensor_ = std::max(last_sensor_, c.integer(0, row));
      What what{};
      if (!is_wanted(std::string(c.text(3, row)), std::string(c.text(2, row)), &what)) continue;
      Sensor& sensor = sensors_[static_cast<uint32_t>(c.integer(0, row))];
      sensor.what = what;
      sensor.producer = static_cast<uint32_t>(c.integer(1, row));
      sensor.name = c.text(2, row);
      sensor.domain = c.text(4, row);
      sensor.truth = c.text(5, row);
      if (sensor.truth != "estimated" && !c.is_null(9, row) &&
          c.text(9, row) == kEmulatedAssumption) {
        sensor.truth = kEmulatedTruth;
      }
      sensor.is_estimate = c.text(6, row) == "estimate";
      sensor.scale = c.real(7, row);
      sensor.range = c.real(8, row);
    }
  }
  return {};
}

void Sensors::take(Sensor& sensor, int64_t time_ns, double raw) {
  sensor.recent.emplace_back(time_ns, raw);
  while (sensor.recent.size() > 2 && sensor.recent[1].first < time_ns - kRecentNs) {
    sensor.recent.pop_front();
  }
  sensor.last = {time_ns, raw};
}

Status Sensors::read(const store::Connection& connection) {
  HEADRACE_RETURN_IF_ERROR(read_sensors(connection));
  const Result<int64_t> newest =
      connection.integer("SELECT coalesce(max(rowid), -1) FROM sample_row");
  if (!newest.ok()) return newest.status();
  if (last_row_ < 0) last_row_ = *newest - kFirstRows;
  Result<store::QueryResult> rows = connection.query(
      "SELECT sensor, ts, raw::DOUBLE FROM sample_row WHERE flags & 1 = 0 AND rowid > " +
      std::to_string(last_row_));
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      const auto found = sensors_.find(static_cast<uint32_t>(c.integer(0, row)));
      if (found != sensors_.end()) take(found->second, c.integer(1, row), c.real(2, row));
    }
  }
  last_row_ = std::max<int64_t>(*newest, 0);
  return {};
}

std::optional<double> Sensors::slope(const Sensor& sensor) {
  if (sensor.recent.size() < 2) return std::nullopt;
  double sum = 0;
  for (size_t i = 1; i < sensor.recent.size(); ++i) {
    double step = sensor.recent[i].second - sensor.recent[i - 1].second;
    if (step < 0) step += sensor.range;
    if (step > 0) sum += step;
  }
  const auto span_ns = static_cast<double>(sensor.recent.back().first - sensor.recent[0].first);
  return span_ns > 0 ? std::optional(sum * sensor.scale / (span_ns / 1e9)) : std::nullopt;
}

Machine Sensors::machine(const std::unordered_map<uint32_t, Process>& processes,
                         int64_t now_ns) const {
  // Several processes read the same sensor of a machine: the one that read it last counts.
  std::map<std::pair<std::string, std::string>, const Sensor*> newest;
  struct Host {
    std::map<std::string, query::DomainEnergy> watts;
    std::optional<double> busy, idle;
  };
  std::map<std::string, Host> hosts;
  double own_cpu = 0;
  double process_cpu = 0;
  for (const auto& [number, sensor] : sensors_) {
    const auto process = processes.find(sensor.producer);
    if (process == processes.end() || !process->second.is_running) continue;
    const std::string& hostname = process->second.hostname;
    if (sensor.what == What::kOwnCpu) own_cpu += sensor.last.second * sensor.scale;
    if (sensor.what == What::kProcessCpu) process_cpu += sensor.last.second * sensor.scale;
    if (sensor.last.first < now_ns - kRecentNs) continue;
    if (sensor.is_estimate) {
      const auto watts = slope(sensor);
      if (!watts) continue;
      query::DomainEnergy& sum = hosts[hostname].watts[sensor.domain];
      sum = {sensor.domain, sum.attributed_j.value_or(0) + *watts, {}, sensor.truth, ""};
      continue;
    }
    const Sensor*& best = newest[{hostname, sensor.name}];
    if (best == nullptr || best->last.first < sensor.last.first) best = &sensor;
  }
  Machine out;
  double gpu = 0;
  for (const auto& [key, sensor] : newest) {
    Host& host = hosts[key.first];
    const double value = sensor->last.second * sensor->scale;
    const auto per_s = slope(*sensor);
    switch (sensor->what) {
      case What::kEnergy:
        if (per_s) {
          host.watts[sensor->domain] = {sensor->domain, per_s, {}, sensor->truth, ""};
        }
        break;
      case What::kPower:
        host.watts.try_emplace(sensor->domain,
                               query::DomainEnergy{sensor->domain, value, {}, sensor->truth, ""});
        break;
      case What::kGpu:
        gpu += value;
        ++out.gpus;
        break;
      case What::kCpuBusy:
        if (per_s) host.busy = host.busy.value_or(0) + *per_s;
        break;
      case What::kCpuIdle:
        if (per_s) host.idle = host.idle.value_or(0) + *per_s;
        break;
      case What::kMemory:
        out.memory_bytes += value;
        out.memory_used_bytes = out.memory_used_bytes.value_or(0) + value;
        break;
      case What::kMemoryLeft:
        out.memory_used_bytes = out.memory_used_bytes.value_or(0) - value;
        break;
      case What::kProcessCpu:
      case What::kOwnCpu: break;
    }
  }
  double busy = 0;
  double all = 0;
  for (const auto& [name, host] : hosts) {
    if (host.busy && host.idle) {
      busy += *host.busy;
      all += *host.busy + *host.idle;
    }
    std::vector<query::DomainEnergy> domains;
    for (const auto& [domain, watts] : host.watts) domains.push_back(watts);
    const query::EnergySum sum = query::sum_domains(domains);
    if (!sum.joules) continue;
    out.power_w = out.power_w.value_or(0) + *sum.joules;
    out.power_truth = query::joint_truth(out.power_truth, sum.truth);
  }
  out.hosts = hosts.size();
  if (all > 0) out.cpu_share = busy / all;
  if (out.gpus > 0) out.gpu_share = gpu / static_cast<double>(out.gpus);
  if (out.memory_bytes <= 0) out.memory_used_bytes.reset();
  if (process_cpu > 0) out.overhead_share = own_cpu / process_cpu;
  return out;
}

}  // namespace headrace::top

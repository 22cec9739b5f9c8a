#include "query/readings.h"

#include <algorithm>
#include <set>

#include "query/nearest.h"

namespace headrace::query {
namespace {

// As energy/timeline.h has it: the sampler writes at least once a second.
constexpr int64_t kLongest_ns = 3'000'000'000;

struct RawReading {
  int64_t at_ns = 0;
  double raw = 0;
  bool failed = false;
};

struct Instrument {
  std::string host;
  std::string name;
  std::string device;
  std::string domain;
  std::string quantity;
  bool is_counter = false;
  double scale = 1;
  double range = 0;
  std::vector<RawReading> readings;
};

Steps of_gauge(const Instrument& one) {
  std::vector<Step> out;
  for (size_t i = 0; i < one.readings.size(); ++i) {
    const RawReading& reading = one.readings[i];
    if (reading.failed) continue;
    int64_t end_ns = reading.at_ns + kLongest_ns;
    if (i + 1 < one.readings.size()) end_ns = std::min(end_ns, one.readings[i + 1].at_ns);
    // The last one says nothing of later.
    if (i + 1 == one.readings.size() || end_ns <= reading.at_ns) continue;
    out.push_back({reading.at_ns, end_ns, reading.raw * one.scale});
  }
  return Steps(std::move(out));
}

// Units a second.
Steps of_counter(const Instrument& one) {
  std::vector<Step> out;
  for (size_t i = 1; i < one.readings.size(); ++i) {
    const RawReading& from = one.readings[i - 1];
    const RawReading& to = one.readings[i];
    if (from.failed || to.failed || to.at_ns <= from.at_ns || to.at_ns - from.at_ns > kLongest_ns) {
      continue;
    }
    double counted = to.raw - from.raw;
    if (counted < 0 && one.range > 0) counted += one.range;
    if (counted < 0) continue;
    out.push_back({from.at_ns, to.at_ns,
                   counted * one.scale / (static_cast<double>(to.at_ns - from.at_ns) * 1e-9)});
  }
  return Steps(std::move(out));
}

// The bounds of the tasks, and their machines as a list of SQL texts.
std::string scope_sql(const OwnTimes& times) {
  int64_t first_ns = std::numeric_limits<int64_t>::max();
  int64_t last_ns = std::numeric_limits<int64_t>::min();
  for (const OwnTask& task : times.tasks) {
    first_ns = std::min(first_ns, task.whole.begin_ns);
    last_ns = std::max(last_ns, task.whole.end_ns);
  }
  std::string hosts;
  for (const std::string& host : times.hosts) {
    hosts += (hosts.empty() ? "" : ", ") + store::sql_text(host);
  }
  return "p.hostname IN (" + hosts + ") AND s.ts BETWEEN " +
         std::to_string(first_ns - kLongest_ns) + " AND " + std::to_string(last_ns + kLongest_ns);
}

// Of one instrument, whoever read it: processes succeed each other as the one that sweeps a node.
Result<std::vector<Instrument>> read_instruments(const Session& session, const OwnTimes& times) {
  std::vector<Instrument> out;
  if (times.tasks.empty()) return out;
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  auto rows = connection->query(
      "SELECT p.hostname, d.name, coalesce(d.device, ''), coalesce(d.domain, ''), d.quantity, "
      "d.kind = 'counter', d.scale, d.\"range\"::DOUBLE, s.ts, s.raw::DOUBLE, s.flags & 1 "
      "FROM sample_row s JOIN sensor_row d ON d.sensor = s.sensor "
      "JOIN producer_row p ON p.producer = d.producer WHERE d.truth <> 'estimated' AND d.quantity "
      "IN ('hw.gpu.utilization', 'hw.temperature', 'hw.gpu.throttle_reasons', 'hw.energy', "
      "'system.cpu.time', 'system.disk.io_time') AND " +
      scope_sql(times) + " ORDER BY 1, 2, 3, s.ts");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t i = 0; i < c.rows(); ++i) {
      if (out.empty() || out.back().host != c.text(0, i) || out.back().name != c.text(1, i) ||
          out.back().device != c.text(2, i)) {
        out.push_back({std::string(c.text(0, i)),
                       std::string(c.text(1, i)),
                       std::string(c.text(2, i)),
                       std::string(c.text(3, i)),
                       std::string(c.text(4, i)),
                       c.integer(5, i) != 0,
                       c.real(6, i),
                       c.is_null(7, i) ? 0 : c.real(7, i),
                       {}});
      }
      out.back().readings.push_back({c.integer(8, i), c.real(9, i), c.integer(10, i) != 0});
    }
  }
  return out;
}

// One host's instruments, as they come.
struct Gathered {
  std::vector<Steps> gpu_use;
  std::vector<Steps> celsius;
  std::vector<Steps> busy;  // CPU seconds a second
  std::vector<Steps> all_cpus;
  std::vector<Steps> disks;
  std::map<std::string, Steps> power_w;  // by domain
  std::vector<Throttling> throttling;
};

std::vector<const Steps*> pointers(const std::vector<Steps>& parts) {
  std::vector<const Steps*> out;
  for (const Steps& part : parts) out.push_back(&part);
  return out;
}

void gather(const Instrument& one, Gathered* to) {
  const bool is_gpu = one.domain.starts_with("node/gpu") || one.domain.starts_with("node/accel");
  if (one.quantity == "hw.gpu.utilization") {
    to->gpu_use.push_back(of_gauge(one));
  } else if (one.quantity == "hw.temperature" && is_gpu) {
    to->celsius.push_back(of_gauge(one));
  } else if (one.quantity == "hw.gpu.throttle_reasons") {
    to->throttling.push_back({one.device, one.domain, of_gauge(one)});
  } else if (one.quantity == "system.disk.io_time") {
    to->disks.push_back(of_counter(one));
  } else if (one.quantity == "system.cpu.time") {
    Steps rate = of_counter(one);
    if (one.name != "cpu.idle" && one.name != "cpu.iowait") to->busy.push_back(rate);
    to->all_cpus.push_back(std::move(rate));
  } else if (one.quantity == "hw.energy" && one.is_counter) {
    to->power_w.try_emplace(one.domain, of_counter(one));
  }
}

Steps share_of(const Steps& part, const Steps& whole) {
  std::vector<Step> out;
  for (const Step& step : part.all()) {
    const Seen all = whole.over({step.begin_ns, step.end_ns});
    if (all.sum <= 0) continue;
    const double seconds = static_cast<double>(step.end_ns - step.begin_ns) * 1e-9;
    out.push_back({step.begin_ns, step.end_ns, std::min(1.0, step.value * seconds / all.sum)});
  }
  return Steps(std::move(out));
}

// The node's own counter, else those of its parts that energy is divided by.
void set_power(const std::set<std::string>& divided, Gathered* from, HostReadings* to) {
  const auto node = from->power_w.find("node");
  if (node != from->power_w.end()) {
    to->power_w = std::move(node->second);
    to->power_of = "node";
    return;
  }
  std::vector<const Steps*> parts;
  for (const auto& [domain, steps] : from->power_w) {
    if (!divided.contains(domain)) continue;
    parts.push_back(&steps);
    to->power_of += (to->power_of.empty() ? "" : " + ") + domain;
  }
  to->power_w = joined(parts, Joined::kSum);
}

Result<std::map<std::string, std::set<std::string>>> divided_domains(const Session& session) {
  const auto rows = session.rows(
      "SELECT DISTINCT p.hostname, e.domain FROM energy_domain_row e JOIN producer_row p ON "
      "p.producer = e.producer WHERE e.role = 'divided'");
  if (!rows.ok()) return rows.status();
  std::map<std::string, std::set<std::string>> out;
  for (const auto& row : *rows) out[row[0].text].insert(row[1].text);
  return out;
}

}  // namespace

const HostReadings& Readings::of(const std::string& hostname) const {
  static const HostReadings kNothing;
  const auto found = hosts.find(hostname);
  return found == hosts.end() ? kNothing : found->second;
}

Result<Readings> read_readings(const Session& session, const OwnTimes& times) {
  const Result<std::vector<Instrument>> instruments = read_instruments(session, times);
  if (!instruments.ok()) return instruments.status();
  const auto divided = divided_domains(session);
  if (!divided.ok()) return divided.status();
  std::map<std::string, Gathered> gathered;
  for (const Instrument& one : *instruments) gather(one, &gathered[one.host]);
  Readings out;
  for (auto& [host, all] : gathered) {
    HostReadings& to = out.hosts[host];
    to.gpus = all.gpu_use.size();
    to.gpu_use = joined(pointers(all.gpu_use), Joined::kMean);
    to.celsius = joined(pointers(all.celsius), Joined::kMost);
    to.disk_use = joined(pointers(all.disks), Joined::kMost);
    to.cpu_use = share_of(joined(pointers(all.busy), Joined::kSum),
                          joined(pointers(all.all_cpus), Joined::kSum));
    const auto of_host = divided->find(host);
    set_power(of_host == divided->end() ? std::set<std::string>() : of_host->second, &all, &to);
    to.throttling = std::move(all.throttling);
  }
  return out;
}

}  // namespace headrace::query

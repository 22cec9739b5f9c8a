#include "telemetry/cgroup.h"

#include <array>
#include <filesystem>

#include "telemetry/made_sensor.h"
#include "telemetry/scan.h"

namespace headrace::telemetry {
namespace {

constexpr Quantity kCpu_us{"cgroup.cpu.time", "s", SensorKind::kCounter, 1e-6};
constexpr Quantity kCpu_ns{"cgroup.cpu.time", "s", SensorKind::kCounter, 1e-9};
constexpr Quantity kThrottled_us{"cgroup.cpu.throttled", "s", SensorKind::kCounter, 1e-6};
constexpr Quantity kMemory{"cgroup.memory.usage", "By", SensorKind::kGauge, 1};

SensorSpec sensor(const char* name, const Quantity& quantity, const std::string& path) {
  return made_sensor(name, quantity, "cgroup", "cgroup", path);
}

}  // namespace

// Inside a container the path may be told as the host sees it, while the tree begins at ours.
std::string Cgroup::find(const std::string& controller, const std::string& path,
                         const std::string& file) const {
  const std::string tree = roots_.sysfs + "/fs/cgroup" + controller;
  for (const std::string& inside : {path, std::string()}) {
    std::error_code error;
    const std::string full = tree + inside + "/" + file;
    if (std::filesystem::exists(full, error)) return full;
  }
  return {};
}

bool Cgroup::add(const std::string& path, What what, std::vector<SensorSpec> sensors,
                 Probe& probe) {
  if (path.empty()) return false;
  File file{{}, what, probe.sensors.size()};
  if (const Status status = file.file.open(path); !status.ok()) {
    append_to(probe.sources[0].detail, status.message());
    return false;
  }
  for (SensorSpec& spec : sensors) probe.sensors.push_back(std::move(spec));
  files_.push_back(std::move(file));
  return true;
}

void Cgroup::probe_2(const std::string& path, Probe& probe) {
  add(find("", path, "cpu.stat"), What::kCpuStat,
      {sensor("cgroup.cpu_time", kCpu_us, path), sensor("cgroup.throttled", kThrottled_us, path)},
      probe);
  add(find("", path, "memory.current"), What::kNumber, {sensor("cgroup.memory", kMemory, path)},
      probe);
}

void Cgroup::probe_1(const std::string& controllers, const std::string& path, Probe& probe) {
  if (("," + controllers + ",").find(",cpuacct,") != std::string::npos) {
    std::string file = find("/" + controllers, path, "cpuacct.usage");
    if (file.empty()) file = find("/cpuacct", path, "cpuacct.usage");
    add(file, What::kNumber, {sensor("cgroup.cpu_time", kCpu_ns, path)}, probe);
  }
  if (controllers == "memory") {
    add(find("/memory", path, "memory.usage_in_bytes"), What::kNumber,
        {sensor("cgroup.memory", kMemory, path)}, probe);
  }
}

Probe Cgroup::probe() {
  Probe probe;
  probe.sources.emplace_back();
  probe.sources[0].name = "cgroup";
  probe.sources[0].domains = "cgroup";
  const std::string text = read_once(roots_.proc + "/self/cgroup").value_or("");
  std::string_view rest = text;
  std::string unified;
  while (!rest.empty()) {
    // 4:cpu,cpuacct:/job_7
    const std::string_view line = take_line(rest);
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string controllers(line.substr(first + 1, second - first - 1));
    std::string path(line.substr(second + 1));
    if (path == "/") path.clear();
    if (line.starts_with("0::")) {
      unified = path.empty() ? "/" : path;
    } else {
      probe_1(controllers, path, probe);
    }
  }
  // Where both are mounted, version 1 has the controllers.
  if (probe.sensors.empty() && !unified.empty()) probe_2(unified == "/" ? "" : unified, probe);
  Source& source = probe.sources[0];
  source.readable = !probe.sensors.empty();
  if (!source.readable && source.detail.empty()) {
    source.detail = "no CPU time or memory of this process's control group under " + roots_.sysfs +
                    "/fs/cgroup: the root group, or a container without its /sys";
  }
  return probe;
}

void Cgroup::sweep(std::span<Reading> readings) {
  std::array<char, 1024> buffer;
  for (File& one : files_) {
    std::string_view text = one.file.read(buffer);
    if (one.what == What::kNumber) {
      if (const auto value = only_number(text)) readings[one.first].set(*value);
      continue;
    }
    while (!text.empty()) {
      if (text.find('\n') == std::string_view::npos) break;
      std::string_view line = take_line(text);
      const std::string_view key = take_word(line);
      const auto value = take_number(line);
      if (!value) continue;
      if (key == "usage_usec") readings[one.first].set(*value);
      if (key == "throttled_usec") readings[one.first + 1].set(*value);
    }
  }
}

}  // namespace headrace::telemetry

#include "telemetry/proc_node.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <unistd.h>

#include "telemetry/scan.h"

namespace headrace::telemetry {
namespace {

// In the order of the sensors.
enum Index : size_t { kUser, kSystem, kIdle, kIowait, kSteal, kMemoryFirst };
constexpr std::array<std::pair<std::string_view, const char*>, 5> kMemory{
    {{"MemTotal:", "memory.total"},
     {"MemFree:", "memory.free"},
     {"MemAvailable:", "memory.available"},
     {"Cached:", "memory.cached"},
     {"SwapFree:", "memory.swap_free"}}};
constexpr size_t kLoad = kMemoryFirst + kMemory.size();
constexpr size_t kRunnable = kLoad + 1;
constexpr double kSectorBytes = 512;  // of /proc/diskstats, whatever the disk's own sectors are

SensorSpec sensor(SensorKind kind, std::string name, std::string quantity, std::string unit,
                  std::string domain, double scale) {
  SensorSpec spec;
  spec.sensor.name = std::move(name);
  spec.sensor.quantity = std::move(quantity);
  spec.sensor.unit = std::move(unit);
  spec.sensor.kind = kind;
  spec.sensor.domain = std::move(domain);
  spec.sensor.source = "proc";
  spec.sensor.scale = scale;
  return spec;
}

// Partitions and mapped devices repeat what their disk counts.
bool is_whole_disk(const std::string& sysfs, std::string_view name) {
  for (const std::string_view prefix : {"loop", "ram", "zram", "dm-", "md", "fd", "sr"}) {
    if (name.starts_with(prefix)) return false;
  }
  std::error_code error;
  const std::filesystem::path block = sysfs + "/block";
  if (std::filesystem::is_directory(block, error)) {
    return std::filesystem::exists(block / name, error);
  }
  const bool digit = !name.empty() && name.back() >= '0' && name.back() <= '9';
  return !digit || (name.starts_with("nvme") && name.find('p') == std::string_view::npos);
}

}  // namespace

Probe ProcNode::probe() {
  Probe probe;
  buffer_.resize(64 * 1024);
  const double tick_s = 1.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
  for (const char* state : {"user", "system", "idle", "iowait", "steal"}) {
    probe.sensors.push_back(sensor(SensorKind::kCounter, std::string("cpu.") + state,
                                   "system.cpu.time", "s", "node/cpu", tick_s));
  }
  for (const auto& [key, name] : kMemory) {
    probe.sensors.push_back(
        sensor(SensorKind::kGauge, name, "system.memory.usage", "By", "node/memory", 1024));
  }
  probe.sensors.push_back(
      sensor(SensorKind::kGauge, "load.1m", "system.load_average.1m", "1", "node/cpu", 0.01));
  probe.sensors.push_back(
      sensor(SensorKind::kGauge, "load.runnable", "system.process.runnable", "1", "node/cpu", 1));

  Source source;
  source.name = "proc (node)";
  source.domains = "node";
  source.readable = true;
  const auto open = [&](KeptFile& file, const char* name) {
    if (const Status status = file.open(roots_.proc + name); !status.ok()) {
      if (!source.detail.empty()) source.detail += "; ";
      source.detail += status.message();
    }
  };
  open(stat_, "/stat");
  open(meminfo_, "/meminfo");
  open(loadavg_, "/loadavg");
  open(diskstats_, "/diskstats");
  // The process's own network namespace is what its traffic is in.
  open(net_, "/self/net/dev");
  find_disks(probe);
  find_interfaces(probe);
  probe.sources.push_back(std::move(source));
  return probe;
}

void ProcNode::find_disks(Probe& probe) {
  std::string_view text = diskstats_.read(buffer_);
  while (!text.empty() && disks_.size() < kMaxDevices) {
    std::string_view line = take_line(text);
    take_word(line);
    take_word(line);
    const std::string name(take_word(line));
    if (name.empty() || !is_whole_disk(roots_.sysfs, name)) continue;
    disks_.push_back({name, probe.sensors.size()});
    const auto add = [&](const char* what, const char* quantity, const char* unit, double scale) {
      probe.sensors.push_back(sensor(SensorKind::kCounter, "disk." + name + what, quantity, unit,
                                     "node/disk-" + name, scale));
      probe.sensors.back().sensor.device = name;
    };
    add(".read", "system.disk.io", "By", kSectorBytes);
    add(".write", "system.disk.io", "By", kSectorBytes);
    add(".busy", "system.disk.io_time", "s", 1e-3);
  }
}

void ProcNode::find_interfaces(Probe& probe) {
  std::string_view text = net_.read(buffer_);
  while (!text.empty() && interfaces_.size() < kMaxDevices) {
    const std::string_view line = take_line(text);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string name(trimmed(line.substr(0, colon)));
    // A loopback moves nothing; a virtual pair repeats what the real interface counts.
    if (name == "lo" || name.starts_with("veth")) continue;
    interfaces_.push_back({name, probe.sensors.size()});
    for (const char* what : {".received", ".sent"}) {
      probe.sensors.push_back(sensor(SensorKind::kCounter, "net." + name + what,
                                     "system.network.io", "By", "node/net-" + name, 1));
      probe.sensors.back().sensor.device = name;
    }
  }
}

void ProcNode::sweep(std::span<Reading> readings) {
  read_cpu(readings);
  read_memory(readings);
  read_load(readings);
  if (!disks_.empty()) read_disks(readings);
  if (!interfaces_.empty()) read_interfaces(readings);
}

void ProcNode::read_cpu(std::span<Reading> readings) {
  // The first line sums all CPUs; the rest, per CPU and per interrupt, can be long.
  std::string_view text = stat_.read(std::span(buffer_).first(512));
  if (take_word(text) != "cpu") return;
  std::array<uint64_t, 8> ticks{};  // user nice system idle iowait irq softirq steal
  for (uint64_t& value : ticks) {
    const auto word = take_number(text);
    if (!word) return;
    value = *word;
  }
  readings[kUser].set(ticks[0] + ticks[1]);
  readings[kSystem].set(ticks[2] + ticks[5] + ticks[6]);
  readings[kIdle].set(ticks[3]);
  readings[kIowait].set(ticks[4]);
  readings[kSteal].set(ticks[7]);
}

void ProcNode::read_memory(std::span<Reading> readings) {
  std::string_view text = meminfo_.read(buffer_);
  size_t found = 0;
  while (!text.empty() && found < kMemory.size()) {
    std::string_view line = take_line(text);
    const std::string_view key = take_word(line);
    for (size_t i = 0; i < kMemory.size(); ++i) {
      if (kMemory[i].first != key) continue;
      ++found;
      if (const auto value = take_number(line)) readings[kMemoryFirst + i].set(*value);
    }
  }
}

void ProcNode::read_load(std::span<Reading> readings) {
  // "0.52 0.40 0.31 2/345 6789": two decimals always.
  std::string_view text = loadavg_.read(std::span(buffer_).first(128));
  const std::string_view minute = take_word(text);
  const size_t dot = minute.find('.');
  if (dot == std::string_view::npos || minute.size() != dot + 3) return;
  const auto whole = number(minute.substr(0, dot));
  const auto hundredths = number(minute.substr(dot + 1));
  if (whole && hundredths) readings[kLoad].set(*whole * 100 + *hundredths);
  take_word(text);
  take_word(text);
  const std::string_view running = take_word(text);
  if (const auto value = number(running.substr(0, running.find('/')))) {
    readings[kRunnable].set(*value);
  }
}

void ProcNode::read_disks(std::span<Reading> readings) {
  std::string_view text = diskstats_.read(buffer_);
  while (!text.empty()) {
    std::string_view line = take_line(text);
    take_word(line);
    take_word(line);
    const std::string_view name = take_word(line);
    const auto disk =
        std::find_if(disks_.begin(), disks_.end(), [&](const Device& d) { return d.name == name; });
    if (disk == disks_.end()) continue;
    std::array<uint64_t, 10>
        field{};  // reads merged sectors ms writes merged sectors ms now busy_ms
    bool whole = true;
    for (uint64_t& value : field) {
      const auto word = take_number(line);
      whole = whole && word.has_value();
      value = word.value_or(0);
    }
    if (!whole) continue;
    readings[disk->first].set(field[2]);
    readings[disk->first + 1].set(field[6]);
    readings[disk->first + 2].set(field[9]);
  }
}

void ProcNode::read_interfaces(std::span<Reading> readings) {
  std::string_view text = net_.read(buffer_);
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = trimmed(line.substr(0, colon));
    const auto interface = std::find_if(interfaces_.begin(), interfaces_.end(),
                                        [&](const Device& d) { return d.name == name; });
    if (interface == interfaces_.end()) continue;
    line.remove_prefix(colon + 1);
    const auto received = take_number(line);
    for (int skipped = 0; skipped < 7; ++skipped) take_word(line);
    const auto sent = take_number(line);
    if (!received || !sent) continue;
    readings[interface->first].set(*received);
    readings[interface->first + 1].set(*sent);
  }
}

}  // namespace headrace::telemetry

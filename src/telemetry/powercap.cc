#include "telemetry/powercap.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <set>

#include "telemetry/scan.h"

namespace headrace::telemetry {
namespace {

std::string text_of(const std::string& path) {
  return std::string(trimmed(read_once(path).value_or("")));
}

// Packages, memory and the rest lie beside each other; cores and graphics inside their package. A
// platform zone (psys) holds everything that the board feeds.
std::string domain_of(const std::string& parent, const std::string& name) {
  constexpr std::string_view kPackage = "package-";
  const std::string& package = parent.empty() ? name : parent;
  const std::string cpu = package.starts_with(kPackage) ? package.substr(kPackage.size()) : package;
  if (parent.empty()) {
    if (name == "psys") return "node";
    return name.starts_with(kPackage) ? "node/cpu-" + cpu : "node/" + name;
  }
  return name == "dram" ? "node/dram-" + cpu : "node/cpu-" + cpu + "/" + name;
}

}  // namespace

std::vector<Powercap::Zone> Powercap::zones() const {
  std::vector<Zone> out;
  std::vector<std::filesystem::path> folders;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(roots_.sysfs + "/class/powercap", error)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("intel-rapl:")) folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end());
  std::set<std::string> seen;
  for (const std::filesystem::path& folder : folders) {
    Zone zone;
    zone.path = folder;
    const std::string name = text_of(zone.path + "/name");
    if (name.empty()) continue;
    const std::string id =
        folder.filename().string().substr(std::string_view("intel-rapl:").size());
    std::string parent;
    if (const size_t colon = id.find(':'); colon != std::string::npos) {
      parent = text_of(folder.parent_path() / ("intel-rapl:" + id.substr(0, colon)) / "name");
    }
    zone.sensor = parent.empty() ? name : parent + "." + name;
    zone.domain = domain_of(parent, name);
    zone.package = parent.empty() && name.starts_with("package-");
    if (seen.insert(zone.sensor).second) out.push_back(std::move(zone));
  }
  return out;
}

bool Powercap::reads_a_package() const {
  const std::vector<Zone> all = zones();
  return std::any_of(all.begin(), all.end(), [](const Zone& zone) {
    return zone.package && number(text_of(zone.path + "/energy_uj")).has_value();
  });
}

Probe Powercap::probe() {
  Probe probe;
  Source source;
  source.name = "powercap (RAPL)";
  source.energy = true;
  counters_.clear();
  const std::vector<Zone> all = zones();
  if (all.empty()) {
    source.detail = "no energy zone in " + roots_.sysfs +
                    "/class/powercap: a virtual machine, or the kernel module is not loaded";
    source.enable = "sudo modprobe intel_rapl_msr";
  }
  for (const Zone& zone : all) {
    KeptFile file;
    std::array<char, 64> buffer;
    const std::string path = zone.path + "/energy_uj";
    const Status status = file.open(path);
    if (!status.ok() || !only_number(file.read(buffer))) {
      if (!source.detail.empty()) source.detail += "; ";
      if (status.ok() && file.error_number() == 0) {
        source.detail += path + " holds no whole number";
      } else if (status.ok()) {
        source.detail += io_error("cannot read " + path, file.error_number()).message();
      } else {
        source.detail += status.message();
      }
      if (file.error_number() == EACCES) {
        source.detail += " (only root may read it since CVE-2020-8694)";
        source.enable = "sudo chmod a+r " + roots_.sysfs +
                        "/class/powercap/intel-rapl:*/energy_uj " + roots_.sysfs +
                        "/class/powercap/intel-rapl:*/*/energy_uj";
      }
      continue;
    }
    SensorSpec spec;
    Sensor& sensor = spec.sensor;
    sensor.name = "rapl." + zone.sensor;
    sensor.quantity = "hw.energy";
    sensor.unit = "J";
    sensor.kind = SensorKind::kCounter;
    sensor.domain = zone.domain;
    sensor.source = "powercap";
    sensor.device = std::filesystem::path(zone.path).filename();
    sensor.scale = 1e-6;
    // The counter runs from 0 to the range's value and then begins again.
    sensor.range = number(text_of(zone.path + "/max_energy_range_uj")).value_or(0);
    if (sensor.range > 0) ++sensor.range;
    source.domains += (source.domains.empty() ? "" : " ") + zone.domain;
    source.readable = true;
    probe.sensors.push_back(std::move(spec));
    counters_.push_back(std::move(file));
  }
  probe.sources.push_back(std::move(source));
  return probe;
}

void Powercap::sweep(std::span<Reading> readings) {
  for (size_t i = 0; i < counters_.size(); ++i) counters_[i].read_number(readings[i]);
}

}  // namespace headrace::telemetry

#include <cerrno>

#include "lab/exhibit.h"

namespace headrace::lab {
namespace {

struct Zone {
  std::string folder;
  Meter meter;
};

// "package-1.dram" is a zone inside package-1's; the kernel numbers both in order.
std::string zone_name(const std::string& name) { return name.substr(name.find('.') + 1); }

}  // namespace

Exhibit powercap_files(const Scenario& scenario) {
  auto zones = std::make_shared<std::vector<Zone>>();
  auto fixed = std::make_shared<std::map<std::string, std::string>>();
  std::map<std::string, std::pair<size_t, size_t>> parents;  // number, children so far
  for (const Instrument& one : scenario.of_kind("powercap")) {
    const size_t dot = one.name.find('.');
    const std::string parent = one.name.substr(0, dot);
    if (dot == std::string::npos) parents.try_emplace(parent, parents.size(), 0);
    const auto at = parents.find(parent);
    if (at == parents.end()) continue;
    std::string id = std::to_string(at->second.first);
    if (dot != std::string::npos) id += ":" + std::to_string(at->second.second++);
    // A second driver may show the same counter once more.
    for (const std::string& driver : {std::string("intel-rapl"), one.key("also", "")}) {
      if (driver.empty()) continue;
      const std::string folder = "class/powercap/" + driver + ":" + id + "/";
      zones->push_back({folder, one.meter()});
      (*fixed)[folder + "name"] = zone_name(one.name) + "\n";
      // The kernel counts up to this value and then begins at 0.
      const uint64_t range = one.habit.range_uj > 0 ? one.habit.range_uj - 1 : 262'143'328'850;
      (*fixed)[folder + "max_energy_range_uj"] = line_of(range, false);
    }
  }
  return [zones, fixed](int64_t now_ns, Trees& trees) {
    for (const auto& [path, text] : *fixed) trees.sysfs.put(path, text);
    for (Zone& zone : *zones) {
      const Shown shown = zone.meter.at(now_ns);
      const std::string path = zone.folder + "energy_uj";
      if (shown.error != 0) {
        trees.sysfs.fail(path, shown.error);
      } else {
        trees.sysfs.put(path, line_of(shown.energy_uj, shown.torn));
      }
    }
  };
}

}  // namespace headrace::lab

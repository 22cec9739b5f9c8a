// Cray's pm_counters: whole joules and watts, each file with the time of its scan; `freshness`
// counts scans.
#include <cerrno>

#include "lab/exhibit.h"

namespace headrace::lab {
namespace {

struct Pair {
  std::string prefix;  // "", cpu_, memory_, accel0_
  Meter meter;
};

}  // namespace

Exhibit cray_files(const Scenario& scenario) {
  auto pairs = std::make_shared<std::vector<Pair>>();
  int64_t period_ns = 0;
  for (Instrument& one : scenario.of_kind("cray")) {
    one.habit.quantum_uj = std::max<uint64_t>(one.habit.quantum_uj, 1'000'000);
    pairs->push_back({one.name == "node" ? "" : one.name + "_", one.meter()});
    period_ns = one.habit.period_ns;
  }
  auto torn_scans = std::make_shared<uint64_t>(0);
  return [pairs, period_ns, torn_scans](int64_t now_ns, Trees& trees) {
    if (pairs->empty()) return;
    const std::string folder = "cray/pm_counters/";
    uint64_t scans = 0;
    bool torn = false;
    for (Pair& pair : *pairs) {
      const Shown shown = pair.meter.at(now_ns);
      scans = std::max(scans, shown.refreshes);
      torn = torn || shown.torn;
      // The time of a scan, as the wall clock had it.
      constexpr int64_t kBegin_us = 1'700'000'000'000'000;
      const std::string stamp =
          " " + std::to_string(kBegin_us + shown.refreshed_ns / 1000) + " us\n";
      for (const bool energy : {true, false}) {
        const std::string path = folder + pair.prefix + (energy ? "energy" : "power");
        const uint64_t value = (energy ? shown.energy_uj : shown.power_uw) / 1'000'000;
        if (shown.error != 0) {
          trees.sysfs.fail(path, shown.error);
        } else {
          trees.sysfs.put(path, std::to_string(value) + (energy ? " J" : " W") + stamp);
        }
      }
    }
    trees.sysfs.put(folder + "power_cap", "0 W\n");
    trees.sysfs.put(folder + "generation", "17\n");
    trees.sysfs.put(folder + "startup", "1699999990000000\n");
    trees.sysfs.put(folder + "version", "2\n");
    trees.sysfs.put(folder + "raw_scan_hz",
                    line_of(static_cast<uint64_t>(1'000'000'000 / period_ns), false));
    // Half way through a scan: the readings are the new ones, the scan is not said to be done.
    trees.sysfs.put(folder + "freshness", torn ? "\n" : line_of(scans, false));
  };
}

}  // namespace headrace::lab

// What the kernel counts of use, not of energy. A watt of a trace stands here for one busy CPU
// (cgroup), for one whole second of waiting a second (pressure), for a megabyte a second (lustre).
#include "lab/exhibit.h"

namespace headrace::lab {
namespace {

struct Counter {
  Instrument instrument;
  Meter meter;
};

std::shared_ptr<std::vector<Counter>> counters(const Scenario& scenario, const char* kind) {
  auto out = std::make_shared<std::vector<Counter>>();
  for (const Instrument& one : scenario.of_kind(kind)) out->push_back({one, one.meter()});
  return out;
}

void put(FileTree& tree, const std::string& path, const Shown& shown, const std::string& text) {
  if (shown.error != 0) {
    tree.fail(path, shown.error);
  } else {
    tree.put(path, shown.torn ? text.substr(0, text.size() / 2) : text);
  }
}

}  // namespace

Exhibit cgroup_files(const Scenario& scenario) {
  return [all = counters(scenario, "cgroup")](int64_t now_ns, Trees& trees) {
    for (Counter& one : *all) {
      const Shown shown = one.meter.at(now_ns);
      const std::string path = one.instrument.key("path", "/job_7");
      const std::string memory = line_of(shown.power_uw, shown.torn);
      if (one.instrument.key("version", "2") == "2") {
        trees.proc.put("self/cgroup", "0::" + path + "\n");
        const std::string usec = std::to_string(shown.energy_uj);
        put(trees.sysfs, "fs/cgroup" + path + "/cpu.stat", shown,
            "usage_usec " + usec + "\nuser_usec " + usec + "\nsystem_usec 0\nnr_throttled 2\n" +
                "throttled_usec 1500\n");
        put(trees.sysfs, "fs/cgroup" + path + "/memory.current", shown, memory);
      } else {
        trees.proc.put("self/cgroup", "4:memory:" + path + "\n3:cpu,cpuacct:" + path + "\n");
        put(trees.sysfs, "fs/cgroup/cpu,cpuacct" + path + "/cpuacct.usage", shown,
            line_of(shown.energy_uj * 1000, shown.torn));
        put(trees.sysfs, "fs/cgroup/memory" + path + "/memory.usage_in_bytes", shown, memory);
      }
    }
  };
}

Exhibit pressure_files(const Scenario& scenario) {
  return [all = counters(scenario, "pressure")](int64_t now_ns, Trees& trees) {
    for (Counter& one : *all) {
      const Shown shown = one.meter.at(now_ns);
      const std::string averages = " avg10=0.00 avg60=0.00 avg300=0.00 total=";
      put(trees.proc, "pressure/" + one.instrument.name, shown,
          "some" + averages + std::to_string(shown.energy_uj) + "\nfull" + averages +
              std::to_string(shown.energy_uj / 2) + "\n");
    }
  };
}

Exhibit lustre_files(const Scenario& scenario) {
  return [all = counters(scenario, "lustre")](int64_t now_ns, Trees& trees) {
    for (Counter& one : *all) {
      const Shown shown = one.meter.at(now_ns);
      const uint64_t calls = shown.refreshes;
      put(trees.proc, "fs/lustre/llite/" + one.instrument.name + "/stats", shown,
          "snapshot_time             1700000000.000000000 secs.nsecs\n"
          "read_bytes                " +
              std::to_string(calls) + " samples [bytes] 0 1048576 " +
              std::to_string(shown.energy_uj) + "\nwrite_bytes               " +
              std::to_string(calls) + " samples [bytes] 0 1048576 " +
              std::to_string(shown.energy_uj / 2) + "\nopen                      " +
              std::to_string(calls) + " samples [regs]\n");
    }
  };
}

}  // namespace headrace::lab

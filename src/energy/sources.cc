#include "energy/sources.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>

#include "energy/domain_name.h"
#include "energy/node_split.h"

namespace headrace::energy {
namespace {

constexpr double kUj = 1e6;  // in a joule
constexpr double kNs = 1e9;  // in a second

// How often a source's counter is refreshed at least, where its makers or many measurements say so;
// 0: not known.
int64_t refresh_ns(const std::string& source) {
  constexpr int64_t kRapl_ns = 1'000'000;  // Hahnel et al. 2012; 976 us with Green Metrics Tool
  return source == "powercap" || source == "perf" ? kRapl_ns : 0;
}

// One sensor of a node, whoever read it: processes succeed each other as the elected one.
using NodeSeries = std::map<std::pair<std::string, std::string>, SensorSeries>;  // host, name

NodeSeries merge_node_series(const std::vector<SensorSeries>& sensors) {
  NodeSeries out;
  for (const SensorSeries& one : sensors) {
    if (one.quantity.starts_with("process.") || one.truth == "estimated") continue;
    auto [at, is_new] = out.try_emplace({one.hostname, one.name + " " + one.device}, one);
    if (is_new) continue;
    auto& samples = at->second.samples;
    samples.insert(samples.end(), one.samples.begin(), one.samples.end());
  }
  for (auto& [key, series] : out) {
    std::stable_sort(series.samples.begin(), series.samples.end(),
                     [](const RawSample& a, const RawSample& b) { return a.at_ns < b.at_ns; });
  }
  return out;
}

Timeline energy_timeline(const SensorSeries& series) {
  return Timeline::of_counter({series.scale * kUj, series.range, most_w(series.domain) * kUj, true,
                               refresh_ns(series.source)},
                              series.samples);
}

Timeline cpu_timeline(const SensorSeries& series) {
  return Timeline::of_counter({series.scale * kNs, series.range}, series.samples);
}

// Of a process, whose CPU time never falls: a reading that says less than one before it was made a
// little earlier than its time says, on another thread.
Timeline process_timeline(SensorSeries series) {
  uint64_t most = 0;
  for (RawSample& sample : series.samples) {
    if (!sample.gap) sample.raw = most = std::max(most, sample.raw);
  }
  return cpu_timeline(series);
}

Timeline sum(const Timeline& a, const Timeline& b) {
  std::vector<int64_t> times;
  for (const Timeline* one : {&a, &b}) {
    for (const Timeline::Knot& knot : one->knots()) times.push_back(knot.at_ns);
  }
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  std::vector<Timeline::Knot> knots;
  knots.reserve(times.size());
  TimelineCursor in_a(a);
  TimelineCursor in_b(b);
  for (const int64_t at_ns : times) {
    knots.push_back({at_ns, std::llround(in_a.at(at_ns).value + in_b.at(at_ns).value), 0});
  }
  return Timeline(std::move(knots));
}

struct Process {
  uint32_t producer = 0;
  std::string hostname;
  Timeline cpu_ns;
  std::map<std::string, Timeline> device_ns{};  // by domain, where it is told
};

std::string split_assumption(const std::string& domain, bool by_cpu) {
  if (!is_processor_side(domain)) {
    if (!by_cpu) {
      return "several recorded processes used the device: divided by the time that each kept its "
             "multiprocessors busy";
    }
    return "several recorded processes used the device: divided by their CPU time";
  }
  char text[160];
  std::snprintf(text, sizeof text,
                "divided by CPU time among processes; an idle CPU weighs %.1f of a busy one; "
                "sockets are taken to be used alike",
                kIdleShare);
  return text;
}

EnergySource divide_node(const SensorSeries& series, const NodeUse& use,
                         const std::vector<DeviceUse>& device_use,
                         const std::vector<const Process*>& processes) {
  EnergySource out;
  out.hostname = series.hostname;
  out.domain = series.domain;
  out.reporter = series.producer;
  out.truth = series.truth;
  out.is_node = true;
  out.node = energy_timeline(series);
  std::vector<ProcessUse> uses;
  uses.reserve(processes.size());
  for (const Process* process : processes) {
    ProcessUse& of = uses.emplace_back();
    of.cpu_ns = process->cpu_ns;
    const auto told = process->device_ns.find(series.domain);
    of.tells_device = told != process->device_ns.end();
    if (of.tells_device) of.device_ns = told->second;
  }
  const bool processor = is_processor_side(series.domain);
  NodeRest rest =
      processor ? split_processor(out.node, use, uses) : split_device(out.node, device_use, uses);
  out.idle = std::move(rest.idle);
  out.others = rest.others;
  out.knows_idle = processor ? !use.idle_cpu_ns.empty() : !device_use.empty();
  for (size_t i = 0; i < uses.size(); ++i) {
    if (uses[i].part.empty()) continue;
    Part part;
    part.producer = processes[i]->producer;
    part.timeline = std::move(uses[i].part);
    part.truth = uses[i].shared ? "mixed" : series.truth;
    const bool by_cpu = processor || uses[i].by_cpu;
    const char* const split = by_cpu ? "split_cpu_ns" : "split_sm_ns";
    part.method = uses[i].shared ? split : "exclusive";
    part.assumption = series.assumption;
    if (uses[i].shared) {
      part.assumption +=
          (part.assumption.empty() ? "" : "; ") + split_assumption(series.domain, by_cpu);
    }
    part.is_device = !processor;
    out.parts.push_back(std::move(part));
  }
  return out;
}

NodeUse node_use(const NodeSeries& series, const std::string& hostname) {
  NodeUse out;
  const auto of = [&](const char* name) {
    const auto at = series.find({hostname, std::string(name) + " "});
    return at == series.end() ? Timeline() : cpu_timeline(at->second);
  };
  out.busy_cpu_ns = sum(of("cpu.user"), of("cpu.system"));
  out.idle_cpu_ns = sum(of("cpu.idle"), of("cpu.iowait"));
  return out;
}

std::vector<DeviceUse> device_use(const NodeSeries& series, const SensorSeries& energy) {
  std::vector<DeviceUse> out;
  for (const auto& [key, one] : series) {
    if (one.quantity != "hw.gpu.utilization" || one.device != energy.device ||
        key.first != energy.hostname) {
      continue;
    }
    for (const RawSample& sample : one.samples) {
      out.push_back({sample.at_ns, sample.gap || sample.raw > 0});
    }
  }
  return out;
}

bool is_measured(const std::vector<EnergySource>& sources, const Process& process) {
  return std::any_of(sources.begin(), sources.end(), [&](const EnergySource& s) {
    return s.is_node && s.domain.starts_with("node/cpu") &&
           std::any_of(s.parts.begin(), s.parts.end(),
                       [&](const Part& p) { return p.producer == process.producer; });
  });
}

}  // namespace

Sources find_sources(const std::vector<SensorSeries>& sensors) {
  Sources found;
  std::vector<EnergySource>& out = found.divided;
  std::vector<Process> processes;
  for (const SensorSeries& one : sensors) {
    if (one.quantity != "process.cpu.time") continue;
    processes.push_back({one.producer, one.hostname, process_timeline(one)});
  }
  for (const SensorSeries& one : sensors) {
    if (one.quantity != "process.gpu.time") continue;
    for (Process& process : processes) {
      if (process.producer == one.producer) process.device_ns[one.domain] = process_timeline(one);
    }
  }
  const NodeSeries series = merge_node_series(sensors);
  std::map<std::string, NodeUse> uses;
  std::map<std::string, std::set<std::string>> counted;  // domains by host
  for (const auto& [key, one] : series) {
    if (one.quantity == "hw.energy") counted[one.hostname].insert(one.domain);
  }
  std::set<std::pair<std::string, std::string>> done;  // host, domain
  for (const auto& [key, one] : series) {
    if (one.quantity != "hw.energy") continue;
    if (!done.insert({one.hostname, one.domain}).second) continue;
    if (!is_divided(one.domain, counted[one.hostname])) {
      found.beside.push_back(
          {one.hostname, one.domain, one.producer, one.truth, false, energy_timeline(one)});
      continue;
    }
    if (!uses.contains(one.hostname)) uses[one.hostname] = node_use(series, one.hostname);
    std::vector<const Process*> here;
    for (const Process& process : processes) {
      if (process.hostname == one.hostname) here.push_back(&process);
    }
    out.push_back(divide_node(one, uses[one.hostname], device_use(series, one), here));
  }
  for (const SensorSeries& one : sensors) {
    if (one.quantity != "hw.energy" || one.truth != "estimated") continue;
    Process process{one.producer, one.hostname, {}};
    if (is_measured(out, process)) continue;
    EnergySource source;
    source.hostname = one.hostname;
    source.domain = one.domain;
    source.reporter = one.producer;
    source.truth = one.truth;
    Part part{one.producer, Timeline::of_counter({one.scale * kUj, one.range}, one.samples),
              false,        one.truth,
              one.method,   one.assumption};
    if (part.timeline.empty()) continue;
    source.parts.push_back(std::move(part));
    out.push_back(std::move(source));
  }
  std::stable_sort(out.begin(), out.end(), [](const EnergySource& a, const EnergySource& b) {
    return a.domain < b.domain;
  });
  return found;
}

std::vector<CountedDomain> counted_domains(const Sources& sources) {
  std::vector<CountedDomain> out = sources.beside;
  for (const EnergySource& one : sources.divided) {
    if (!one.is_node) continue;
    out.push_back({one.hostname, one.domain, one.reporter, one.truth, true, one.node});
  }
  return out;
}

}  // namespace headrace::energy

#include "telemetry/rapl_perf.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "telemetry/kept_file.h"
#include "telemetry/made_sensor.h"
#include "telemetry/powercap.h"
#include "telemetry/scan.h"

namespace headrace::telemetry {
namespace {

struct Part {
  const char* event;
  const char* suffix;  // of the sensor's name
  const char* domain;  // with # for the package's number
};
constexpr std::array<Part, 5> kParts{{{"energy-pkg", "", "node/cpu-#"},
                                      {"energy-cores", ".core", "node/cpu-#/core"},
                                      {"energy-gpu", ".uncore", "node/cpu-#/uncore"},
                                      {"energy-ram", ".dram", "node/dram-#"},
                                      {"energy-psys", ".psys", "node"}}};

std::string text_of(const std::string& path) {
  return std::string(trimmed(read_once(path).value_or("")));
}

int open_event(int type, uint64_t config, int cpu) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = static_cast<uint32_t>(type);
  attributes.config = config;
  return static_cast<int>(
      syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC));
}

}  // namespace

std::optional<RaplEvent> parse_rapl_event(std::string_view event, std::string_view scale) {
  constexpr std::string_view kEvent = "event=0x";
  event = trimmed(event);
  scale = trimmed(scale);
  if (!event.starts_with(kEvent)) return std::nullopt;
  event.remove_prefix(kEvent.size());
  RaplEvent out;
  const auto [end, error] =
      std::from_chars(event.data(), event.data() + event.size(), out.config, 16);
  if (error != std::errc() || end != event.data() + event.size()) return std::nullopt;
  const auto [stop, wrong] =
      std::from_chars(scale.data(), scale.data() + scale.size(), out.joules_per_step);
  const bool whole = wrong == std::errc() && stop == scale.data() + scale.size();
  return whole && out.joules_per_step > 0 ? std::optional(out) : std::nullopt;
}

std::vector<int> parse_cpu_list(std::string_view list) {
  std::vector<int> out;
  list = trimmed(list);
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string_view entry = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    const size_t dash = entry.find('-');
    const auto first = number(entry.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number(entry.substr(dash + 1));
    constexpr uint64_t kMostCpus = 1 << 16;
    if (!first || !last || *last >= kMostCpus) return {};
    for (uint64_t cpu = *first; cpu <= *last; ++cpu) out.push_back(static_cast<int>(cpu));
  }
  return out;
}

RaplPerf::~RaplPerf() {
  for (const int event : events_) close(event);
}

Probe RaplPerf::probe() {
  Probe probe;
  Source source;
  source.name = "perf (RAPL)";
  source.energy = true;
  const std::string folder = roots_.sysfs + "/bus/event_source/devices/power";
  const auto type = number(text_of(folder + "/type"));
  if (Powercap(roots_).reads_a_package()) {
    source.detail = "not needed: powercap reads the same counters";
  } else if (!type) {
    source.detail = "no " + folder + ": a virtual machine, or a CPU without RAPL";
  } else {
    for (const int cpu : parse_cpu_list(text_of(folder + "/cpumask"))) {
      open_events(folder, static_cast<int>(*type), cpu, probe, source);
    }
  }
  source.readable = !probe.sensors.empty();
  probe.sources.push_back(std::move(source));
  return probe;
}

// The CPU stands for its package.
void RaplPerf::open_events(const std::string& folder, int type, int cpu, Probe& probe,
                           Source& source) {
  const std::string package = text_of(roots_.sysfs + "/devices/system/cpu/cpu" +
                                      std::to_string(cpu) + "/topology/physical_package_id");
  for (const Part& part : kParts) {
    const std::string path = folder + "/events/" + part.event;
    const auto event = parse_rapl_event(text_of(path), text_of(path + ".scale"));
    if (!event) continue;
    const int fd = open_event(type, event->config, cpu);
    if (fd < 0) {
      const int error = errno;
      if (error == EACCES || error == EPERM) {
        source.enable =
            "sudo sysctl kernel.perf_event_paranoid=0, or sudo setcap cap_perfmon+ep "
            "on the program";
      }
      append_to(source.detail, io_error(std::string("cannot open the event ") + part.event +
                                            " of CPU " + std::to_string(cpu),
                                        error)
                                   .message());
      continue;
    }
    std::string domain = part.domain;
    if (const size_t at = domain.find('#'); at != std::string::npos) domain.replace(at, 1, package);
    append_to(source.domains, domain, " ");
    probe.sensors.push_back(
        made_sensor("rapl.package-" + package + part.suffix,
                    {"hw.energy", "J", SensorKind::kCounter, event->joules_per_step}, domain,
                    "perf", part.event));
    events_.push_back(fd);
  }
}

void RaplPerf::sweep(std::span<Reading> readings) {
  for (size_t i = 0; i < events_.size(); ++i) {
    uint64_t steps = 0;
    if (read(events_[i], &steps, sizeof steps) == sizeof steps) readings[i].set(steps);
  }
}

}  // namespace headrace::telemetry

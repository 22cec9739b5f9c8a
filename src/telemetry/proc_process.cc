#include "telemetry/proc_process.h"

#include <array>
#include <unistd.h>

#include "base/clock.h"
#include "telemetry/scan.h"

namespace headrace::telemetry {
namespace {

// In the order of the sensors.
enum Index : size_t { kCpu, kResident, kThreads, kMajorFaults, kIoFirst };

struct IoField {
  std::string_view key;
  const char* name;
  const char* quantity;
};
// The first two count what system calls moved, page cache and parallel file systems included; the
// last two what this process made block devices move. See proc(5), /proc/pid/io.
constexpr std::array<IoField, 4> kIo{{{"rchar:", "process.io.read", "process.io"},
                                      {"wchar:", "process.io.write", "process.io"},
                                      {"read_bytes:", "process.disk.read", "process.disk.io"},
                                      {"write_bytes:", "process.disk.write", "process.disk.io"}}};

SensorSpec counter(std::string name, std::string quantity, std::string unit, double scale = 1) {
  SensorSpec spec;
  spec.sensor.name = std::move(name);
  spec.sensor.quantity = std::move(quantity);
  spec.sensor.unit = std::move(unit);
  spec.sensor.kind = SensorKind::kCounter;
  spec.sensor.domain = "process";
  spec.sensor.source = "proc";
  spec.sensor.scale = scale;
  return spec;
}
SensorSpec gauge(std::string name, std::string quantity, std::string unit, double scale = 1) {
  SensorSpec spec = counter(std::move(name), std::move(quantity), std::move(unit), scale);
  spec.sensor.kind = SensorKind::kGauge;
  return spec;
}

}  // namespace

Probe ProcProcess::probe() {
  Probe probe;
  probe.sensors.push_back(counter("process.cpu_time", "process.cpu.time", "s", 1e-9));
  probe.sensors.back().counts_cpu_ns = true;
  probe.sensors.push_back(gauge("process.memory", "process.memory.usage", "By",
                                static_cast<double>(sysconf(_SC_PAGESIZE))));
  probe.sensors.push_back(gauge("process.threads", "process.thread.count", "1"));
  probe.sensors.push_back(counter("process.major_faults", "process.paging.faults", "1"));
  for (const IoField& field : kIo) {
    probe.sensors.push_back(counter(field.name, field.quantity, "By"));
  }
  Source source;
  source.name = "proc (process)";
  source.domains = "process";
  source.readable = true;
  const std::string self = roots_.proc + "/self/";
  for (const auto& [file, name] : {std::pair{&statm_, "statm"}, {&stat_, "stat"}, {&io_, "io"}}) {
    if (const Status status = file->open(self + name); !status.ok()) {
      if (!source.detail.empty()) source.detail += "; ";
      source.detail += status.message();
    }
  }
  probe.sources.push_back(std::move(source));
  return probe;
}

void ProcProcess::sweep(std::span<Reading> readings) {
  std::array<char, 1024> buffer;
  readings[kCpu].set(static_cast<uint64_t>(read_clock_ns(CLOCK_PROCESS_CPUTIME_ID)));

  std::string_view text = statm_.read(buffer);
  take_word(text);
  if (const auto pages = take_number(text)) readings[kResident].set(*pages);

  text = stat_.read(buffer);
  // The second field is the command in parentheses, which may itself hold blanks and parentheses.
  text.remove_prefix(std::min(text.rfind(')') + 1, text.size()));
  for (int field = 3; field <= 20 && !text.empty(); ++field) {
    const std::string_view word = take_word(text);
    if (field != 12 && field != 20) continue;
    if (const auto value = number(word)) {
      readings[field == 12 ? kMajorFaults : kThreads].set(*value);
    }
  }

  text = io_.read(buffer);
  while (!text.empty()) {
    std::string_view line = take_line(text);
    const std::string_view key = take_word(line);
    for (size_t i = 0; i < kIo.size(); ++i) {
      if (kIo[i].key != key) continue;
      if (const auto value = take_number(line)) readings[kIoFirst + i].set(*value);
    }
  }
}

}  // namespace headrace::telemetry

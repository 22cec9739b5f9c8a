#include "telemetry/hwmon.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "telemetry/hwmon_domain.h"
#include "telemetry/made_sensor.h"
#include "telemetry/scan.h"

namespace headrace::telemetry {
namespace {

struct Kind {
  std::string_view prefix;
  std::string_view ending;
  Quantity quantity;
};
// A chip that gives both an average and an input of a power gives the average here: nothing is lost
// between two readings.
constexpr std::array<Kind, 4> kKinds{{
    {"energy", "_input", kEnergy_uj},
    {"power", "_average", kPower_uw},
    {"power", "_input", kPower_uw},
    {"temp", "_input", kTemperature_mc},
}};

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    out.push_back(entry.path().filename());
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string line_in(const std::string& path) {
  return std::string(trimmed(read_once(path).value_or("")));
}

bool contains(const std::vector<std::string>& sorted, const std::string& name) {
  return std::binary_search(sorted.begin(), sorted.end(), name);
}

}  // namespace

Probe Hwmon::probe() {
  Probe probe;
  Source source;
  source.name = "hwmon";
  const std::string root = roots_.sysfs + "/class/hwmon";
  const std::vector<std::string> chips = names_in(root);
  for (const std::string& chip : chips) probe_chip(root + "/" + chip, probe, source);
  source.readable = !probe.sensors.empty();
  for (const SensorSpec& spec : probe.sensors) {
    source.energy = source.energy || spec.sensor.quantity == kEnergy_uj.name;
  }
  if (chips.empty()) {
    source.detail = "no chip in " + root + ": a virtual machine, or a kernel without hwmon";
  } else if (!source.readable && source.detail.empty()) {
    source.detail = "no chip in " + root + " has a power, an energy or a temperature";
  }
  probe.sources.push_back(std::move(source));
  return probe;
}

void Hwmon::probe_chip(const std::string& folder, Probe& probe, Source& source) {
  const std::string chip = line_in(folder + "/name");
  const std::vector<std::string> names = names_in(folder);
  std::vector<std::string> done;
  const auto add = [&](const std::string& stem, const std::string& file_name,
                       const Quantity& quantity, const std::string& times) {
    if (probe.sensors.size() >= kMaxChannels) return;
    const std::string label = line_in(folder + "/" + stem + "_label");
    const std::string oem = line_in(folder + "/" + stem + "_oem_info");
    const auto domain = hwmon_domain({chip, stem, label, oem});
    if (!domain) return;
    Channel channel;
    std::array<char, 64> buffer;
    Status status = channel.file.open(folder + "/" + file_name);
    if (status.ok() && channel.file.read(buffer).empty() && channel.file.error_number() != 0) {
      status = io_error("cannot read " + folder + "/" + file_name, channel.file.error_number());
    }
    if (status.ok() && !times.empty()) status = channel.times.open(folder + "/" + times);
    if (!status.ok()) {
      append_to(source.detail, status.message());
      if (channel.file.error_number() == EACCES) {
        source.enable = "sudo chmod a+r " + folder + "/" + file_name;
      }
      return;
    }
    const std::string hwmon = std::filesystem::path(folder).filename();
    SensorSpec spec =
        made_sensor(hwmon + "." + stem, quantity, *domain, "hwmon",
                    chip + " " + (oem.empty() ? (label.empty() ? stem : label) : oem));
    spec.period_ns = static_cast<int64_t>(
                         number(line_in(folder + "/" + stem + "_average_interval")).value_or(0)) *
                     1'000'000;
    // An average moves when its interval is over.
    spec.keeps_edges = spec.sensor.kind == SensorKind::kCounter;
    append_to(source.domains, *domain, " ");
    probe.sensors.push_back(std::move(spec));
    channels_.push_back(std::move(channel));
    done.push_back(stem);
  };
  for (const Kind& kind : kKinds) {
    for (const std::string& name : names) {
      if (!name.starts_with(kind.prefix) || !name.ends_with(kind.ending)) continue;
      const std::string stem = name.substr(0, name.size() - kind.ending.size());
      if (number(std::string_view(stem).substr(kind.prefix.size())) == std::nullopt) continue;
      if (std::find(done.begin(), done.end(), stem) != done.end()) continue;
      add(stem, name, kind.quantity, "");
    }
  }
  // Rails that give a voltage and a current, and no power.
  for (const std::string& name : names) {
    if (!name.starts_with("curr") || !name.ends_with("_input")) continue;
    const std::string digits = name.substr(4, name.size() - 10);
    const std::string voltage = "in" + digits + "_input";
    if (!number(digits) || contains(names, "power" + digits + "_input")) continue;
    if (contains(names, voltage)) add("in" + digits, voltage, kPower_uw, name);
  }
}

void Hwmon::sweep(std::span<Reading> readings) {
  for (size_t i = 0; i < channels_.size(); ++i) {
    Channel& channel = channels_[i];
    channel.file.read_number(
        readings[i]);  // a temperature below 0 is none: no machine in use has one
    if (!readings[i].ok || !channel.times.is_open()) continue;
    Reading current_ma;
    channel.times.read_number(current_ma);
    if (current_ma.ok) current_ma.raw *= readings[i].raw;
    readings[i] = current_ma;
  }
}

}  // namespace headrace::telemetry

#include "telemetry/hwmon_domain.h"

#include <array>

namespace headrace::telemetry {
namespace {

// "VDD_GPU SOC" as one part of a path.
std::string part_of(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (c >= 'A' && c <= 'Z') {
      out += static_cast<char>(c - 'A' + 'a');
    } else {
      out += word ? c : '-';
    }
  }
  return out;
}

// "Grace Power Socket 0": the words before Power, and the number at the end.
std::optional<std::string> grace_domain(std::string_view oem) {
  constexpr std::string_view kPower = " Power Socket ";
  const size_t at = oem.find(kPower);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view what = oem.substr(0, at);
  const std::string module = "node/module-" + std::string(oem.substr(at + kPower.size()));
  if (what == "Module") return module;
  if (what == "Grace") return module + "/grace";
  return module + "/grace/" + part_of(what);
}

}  // namespace

std::optional<std::string> hwmon_domain(const HwmonChannel& channel) {
  const std::string_view chip = channel.chip;
  if (chip == "amdgpu" || chip == "nouveau") return std::nullopt;
  const std::string_view label = channel.label;
  if (chip == "power_meter") {
    if (channel.oem.empty()) return "node";
    if (auto domain = grace_domain(channel.oem)) return domain;
  }
  if (chip == "amd_energy") {
    constexpr std::string_view kSocket = "Esocket";
    if (!label.starts_with(kSocket)) return std::nullopt;
    return "node/cpu-" + std::string(label.substr(kSocket.size()));
  }
  if (chip == "coretemp" || chip == "k10temp" || chip == "zenpower") {
    // Of a package or a die, not of each core.
    const bool whole = label.starts_with("Package") || label == "Tctl" || label == "Tdie";
    return whole ? std::optional<std::string>("node/cpu") : std::nullopt;
  }
  if (chip == "nvme" || chip == "drivetemp") return "node/disk";
  if (chip == "ina3221" || chip == "ina226" || chip == "ina219") {
    return "node/rail-" + part_of(label.empty() ? channel.stem : label);
  }
  return "node/" + part_of(chip) + "/" + part_of(label.empty() ? channel.stem : label);
}

}  // namespace headrace::telemetry

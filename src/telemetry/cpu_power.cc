#include "telemetry/cpu_power.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "telemetry/scan.h"

namespace headrace::telemetry {
namespace {

struct Part {
  std::string_view name;  // stands in the model name
  int tdp_w;
  int cores;
};
// Thermal design power and core count as the makers publish them for the part.
constexpr std::array<Part, 38> kParts{{
    {"EPYC 7301", 170, 16},     {"EPYC 7351", 170, 16},      {"EPYC 7401", 170, 24},
    {"EPYC 7501", 170, 32},     {"EPYC 7551", 180, 32},      {"EPYC 7601", 180, 32},
    {"EPYC 7302", 155, 16},     {"EPYC 7402", 180, 24},      {"EPYC 7452", 155, 32},
    {"EPYC 7502", 180, 32},     {"EPYC 7702", 200, 64},      {"EPYC 7742", 225, 64},
    {"EPYC 7H12", 280, 64},     {"EPYC 7313", 155, 16},      {"EPYC 7413", 180, 24},
    {"EPYC 7513", 200, 32},     {"EPYC 7543", 225, 32},      {"EPYC 7713", 225, 64},
    {"EPYC 7763", 280, 64},     {"EPYC 9354", 280, 32},      {"EPYC 9454", 290, 48},
    {"EPYC 9554", 360, 64},     {"EPYC 9654", 360, 96},      {"Gold 6130", 125, 16},
    {"Gold 6148", 150, 20},     {"Platinum 8160", 150, 24},  {"Platinum 8168", 205, 24},
    {"Platinum 8180", 205, 28}, {"Gold 6230", 125, 20},      {"Gold 6248", 150, 20},
    {"Platinum 8260", 165, 24}, {"Platinum 8268", 205, 24},  {"Platinum 8280", 205, 28},
    {"Platinum 8358", 250, 32}, {"Platinum 8360Y", 250, 36}, {"Platinum 8380", 270, 40},
    {"Platinum 8468", 350, 48}, {"Platinum 8480", 350, 56},
}};

// Models from design power were up to 40 % off a meter (arXiv 2509.22092), and boost and idle
// differ by site; the generic constant may be off by as much as itself.
constexpr int kTdpPercent = 50;
constexpr int kGenericPercent = 100;

std::string_view field(std::string_view cpuinfo, std::string_view key) {
  while (!cpuinfo.empty()) {
    const std::string_view line = take_line(cpuinfo);
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos && trimmed(line.substr(0, colon)) == key) {
      return trimmed(line.substr(colon + 1));
    }
  }
  return {};
}

std::string decimals(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

std::optional<double> watt_from_environment() {
  const char* set = std::getenv("HEADRACE_CPU_WATT");
  if (set == nullptr) return std::nullopt;
  const std::string_view text = trimmed(set);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && std::isfinite(value) && value > 0 && value < 1e4 ? std::optional(value)
                                                                   : std::nullopt;
}

}  // namespace

CpuPower assume_cpu_power(std::string_view cpuinfo) {
  CpuPower out;
  out.model = field(cpuinfo, "model name");
  // Half a core's power for each of two busy hardware threads of it, where both can be seen.
  const auto siblings = number(field(cpuinfo, "siblings")).value_or(1);
  const auto cores = std::max<uint64_t>(number(field(cpuinfo, "cpu cores")).value_or(1), 1);
  const auto threads = std::max<uint64_t>(siblings / cores, 1);
  const std::string divided =
      threads > 1 ? " / " + std::to_string(threads) + " threads a core" : std::string();
  const auto tail = [](int percent) {
    return "; taken to be right within " + std::to_string(percent) +
           " %; no idle power, memory or other devices";
  };
  if (const auto watt = watt_from_environment()) {
    out.busy_w = *watt;
    out.assumption = decimals(*watt) + " W for each busy logical CPU, as HEADRACE_CPU_WATT says" +
                     tail(kTdpPercent);
    return out;
  }
  const auto part = std::find_if(kParts.begin(), kParts.end(), [&](const Part& p) {
    return out.model.find(p.name) != std::string::npos;
  });
  if (part != kParts.end()) {
    out.busy_w = static_cast<double>(part->tdp_w) / part->cores / static_cast<double>(threads);
    out.assumption = decimals(out.busy_w) +
                     " W for each busy logical CPU = " + std::to_string(part->tdp_w) +
                     " W TDP of " + std::string(part->name) + " / " + std::to_string(part->cores) +
                     " cores" + divided + tail(kTdpPercent);
    return out;
  }
  out.busy_w = kGenericCoreWatt / static_cast<double>(threads);
  out.assumption = decimals(out.busy_w) +
                   " W for each busy logical CPU = " + decimals(kGenericCoreWatt) +
                   " W a core, a round number inside the 3.1 to 10.6 W " +
                   "of TDP a core of common server CPUs, as this model is in no table" + divided +
                   tail(kGenericPercent);
  return out;
}

}  // namespace headrace::telemetry

#include "telemetry/cray_pm.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "telemetry/amd_source.h"
#include "telemetry/made_sensor.h"
#include "telemetry/powercap.h"
#include "telemetry/scan.h"

namespace headrace::telemetry {
namespace {

constexpr Quantity kEnergy_j{"hw.energy", "J", SensorKind::kCounter, 1};
constexpr Quantity kPower_w{"hw.power", "W", SensorKind::kGauge, 1};
constexpr int64_t kSecond_ns = 1'000'000'000;
constexpr uint64_t kUsualHz = 10;  // on XC; others say so themselves
constexpr int64_t kSilentScans = 10;
constexpr std::string_view kEnergyEnding = "energy";
constexpr std::string_view kPowerEnding = "power";
constexpr std::string_view kAccelerator = "accel";

// "" is the node; accel0 is an accelerator's whole package.
std::string name_of_part(std::string_view part) {
  if (!part.starts_with(kAccelerator)) return std::string(part);
  return "accel-" + std::string(part.substr(kAccelerator.size()));
}

}  // namespace

std::string CrayPm::domain_of(std::string_view part) const {
  if (part.empty()) return "node";
  bool nearer = false;
  std::error_code error;
  if (part.starts_with(kAccelerator)) {
    nearer = amdgpu_files_source(roots_)->start().ok() ||
             std::filesystem::exists(roots_.proc + "/driver/nvidia", error);
  } else if (part == "cpu" || part == "memory") {
    nearer = Powercap(roots_).reads_a_package();
  }
  return (nearer ? "node/board/" : "node/") + name_of_part(part);
}

Probe CrayPm::probe() {
  Probe probe;
  Source source;
  source.name = "pm_counters (Cray)";
  source.energy = true;
  const std::string folder = roots_.sysfs + "/cray/pm_counters";
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  if (names.empty()) {
    source.detail = "no " + folder + ": not a Cray blade, or a container without its /sys";
    probe.sources.push_back(std::move(source));
    return probe;
  }
  const Status fresh = freshness_.open(folder + "/freshness");
  if (!fresh.ok()) append_to(source.detail, fresh.message());
  for (const std::string& name : names) {
    const bool energy = name.ends_with(kEnergyEnding);
    if (!energy && !name.ends_with(kPowerEnding)) continue;  // caps, temperatures, versions
    KeptFile file;
    if (const Status status = file.open(folder + "/" + name); !status.ok()) {
      append_to(source.detail, status.message());
      if (file.error_number() == EACCES) source.enable = "sudo chmod a+r " + folder + "/*";
      continue;
    }
    std::string part = name.substr(0, name.size() - (energy ? kEnergyEnding : kPowerEnding).size());
    if (part.ends_with('_')) part.pop_back();
    const std::string domain = domain_of(part);
    SensorSpec spec =
        made_sensor("cray." + name, energy ? kEnergy_j : kPower_w, domain, "pm_counters", name);
    // A power may have changed at any time since the scan before.
    spec.keeps_edges = energy;
    if (energy) append_to(source.domains, domain, " ");
    source.readable = source.readable || energy;
    probe.sensors.push_back(std::move(spec));
    files_.push_back(std::move(file));
  }
  const std::string hz_text = read_once(folder + "/raw_scan_hz").value_or("");
  std::string_view hz_view = hz_text;
  const uint64_t hz = std::max<uint64_t>(take_number(hz_view).value_or(kUsualHz), 1);
  for (SensorSpec& spec : probe.sensors) {
    spec.period_ns = kSecond_ns / static_cast<int64_t>(hz);
  }
  patience_ns_ = std::max(kSecond_ns, kSilentScans * kSecond_ns / static_cast<int64_t>(hz));
  last_.resize(files_.size());
  probe.sources.push_back(std::move(source));
  return probe;
}

// "123456 J 1700000000123456 us"; older machines leave the time away.
Reading CrayPm::read(KeptFile& file) {
  std::array<char, 128> buffer;
  Reading out;
  std::string_view text = file.read(buffer);
  out.why = file.failure(text);
  if (text.find('\n') == std::string_view::npos) return out;
  const auto value = take_number(text);
  const std::string_view unit = take_word(text);
  if (!value || (unit != "J" && unit != "W")) return out;
  out.set(*value);
  if (const auto scanned_us = take_number(text)) {
    out.taken_ns = static_cast<int64_t>(*scanned_us) * 1000;
  }
  return out;
}

// False when a scan came meanwhile, or its number cannot be read.
bool CrayPm::read_all(std::span<Reading> readings) {
  uint64_t before = scan_ + 1;
  if (freshness_.is_open() && !read_scan(&before)) return false;
  if (any_ && before == scan_) return true;
  for (size_t i = 0; i < files_.size(); ++i) readings[i] = read(files_[i]);
  uint64_t after = before;
  if (freshness_.is_open() && (!read_scan(&after) || after != before)) return false;
  const int64_t now_ns = now_ns_();
  for (size_t i = 0; i < files_.size(); ++i) {
    Reading& one = readings[i];
    if (!one.ok || one.taken_ns == 0) continue;
    one.taken_ns = board_.taken_ns(one.taken_ns, now_ns);
  }
  std::copy_n(readings.begin(), files_.size(), last_.begin());
  scan_ = before;
  scanned_ns_ = now_ns;
  any_ = true;
  return true;
}

bool CrayPm::read_scan(uint64_t* scan) {
  std::array<char, 64> buffer;
  const std::string_view text = freshness_.read(buffer);
  const auto read = only_number(text);
  if (read) *scan = *read;
  if (!read) why_ = freshness_.failure(text);
  return read.has_value();
}

void CrayPm::sweep(std::span<Reading> readings) {
  why_ = ReadFailure::kTorn;
  // A scan takes little of its period, so the second try succeeds.
  const bool whole = read_all(readings) || read_all(readings);
  const bool silent = now_ns_() - scanned_ns_ > patience_ns_;
  for (size_t i = 0; i < files_.size(); ++i) {
    readings[i] = whole && !silent ? last_[i] : Reading();
    if (!whole) {
      readings[i].why = why_;
    } else if (silent) {
      readings[i].why = ReadFailure::kStale;
    }
  }
}

}  // namespace headrace::telemetry

#include "telemetry/power_file.h"

#include <algorithm>
#include <cstdlib>

#include "telemetry/kept_file.h"
#include "telemetry/made_sensor.h"
#include "telemetry/scan.h"

namespace headrace::telemetry {
namespace {

constexpr const char* kVariable = "HEADRACE_POWER_FILE";

bool is_domain(std::string_view text) {
  const auto part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '/';
  };
  return (text == "node" || text.starts_with("node/")) && text.size() < 128 &&
         std::all_of(text.begin(), text.end(), part);
}

struct Line {
  std::string_view domain;
  uint64_t energy_uj = 0;
  int64_t stamp_ns = 0;
};

// The next whole line that says something; false at the end.
bool take(std::string_view& text, Line& out) {
  while (text.find('\n') != std::string_view::npos) {
    std::string_view line = take_line(text);
    out.domain = take_word(line);
    const auto energy_uj = take_number(line);
    const auto stamp_ns = take_number(line);
    if (!is_domain(out.domain) || !energy_uj || !stamp_ns) continue;
    out.energy_uj = *energy_uj;
    out.stamp_ns = static_cast<int64_t>(*stamp_ns);
    return true;
  }
  return false;
}

}  // namespace

std::string power_file_from_environment() {
  const char* set = std::getenv(kVariable);
  return set == nullptr ? "" : set;
}

Probe PowerFile::probe() {
  Probe probe;
  Source source;
  source.name = "power file";
  source.energy = true;
  source.truth = Truth::kMixed;
  if (path_.empty()) {
    source.detail = std::string(kVariable) + " names no file that a host writes";
    probe.sources.push_back(std::move(source));
    return probe;
  }
  const Result<std::string> text = read_once(path_);
  if (!text.ok()) source.detail = text.status().message();
  std::string_view rest = text.ok() ? std::string_view(*text) : std::string_view();
  Line line;
  while (domains_.size() < kMaxDomains && take(rest, line)) {
    SensorSpec spec = made_sensor("host." + std::string(line.domain), kEnergy_uj,
                                  std::string(line.domain), "power_file");
    spec.sensor.truth = Truth::kMixed;
    spec.sensor.method = "host_file";
    spec.sensor.assumption = "as the host divides its counters among its guests";
    append_to(source.domains, line.domain, " ");
    probe.sensors.push_back(std::move(spec));
    domains_.push_back({std::string(line.domain), 0, now_ns_(), {}});
  }
  source.readable = !probe.sensors.empty();
  if (!source.readable && source.detail.empty()) {
    source.detail = path_ + " has no line like: node/cpu-0 1234567890 1700000000123456789";
  }
  probe.sources.push_back(std::move(source));
  return probe;
}

void PowerFile::sweep(std::span<Reading> readings) {
  if (domains_.empty()) return;
  // Opened each time: the host may have put another in its place.
  const Result<std::string> text = read_once(path_);
  if (!text.ok()) return;
  const int64_t now_ns = now_ns_();
  std::string_view rest = *text;
  Line line;
  while (take(rest, line)) {
    for (size_t i = 0; i < domains_.size(); ++i) {
      Domain& domain = domains_[i];
      if (domain.name != line.domain) continue;
      if (line.stamp_ns != domain.stamp_ns) domain.moved_ns = now_ns;
      domain.stamp_ns = line.stamp_ns;
      readings[i].why = ReadFailure::kStale;
      if (now_ns - domain.moved_ns > kPatience_ns) continue;
      readings[i].set(line.energy_uj);
      readings[i].taken_ns = domain.clock.taken_ns(line.stamp_ns, now_ns);
    }
  }
}

}  // namespace headrace::telemetry

#include "telemetry/replay.h"

#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>

#include "telemetry/kept_file.h"
#include "telemetry/scan.h"

namespace headrace::telemetry {
namespace {

constexpr const char* kVariable = "HEADRACE_REPLAY";
// In the order of ReadFailure.
constexpr std::array<std::string_view, 6> kReasons{"failed", "denied", "gone",
                                                   "torn",   "zero",   "stale"};

std::optional<double> real(std::string_view word) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

std::optional<Sensor> sensor_of(std::string_view line) {
  Sensor out;
  for (std::string* text : {&out.name, &out.quantity, &out.unit}) *text = take_word(line);
  const std::string_view kind = take_word(line);
  out.kind = kind == "counter" ? SensorKind::kCounter : SensorKind::kGauge;
  out.domain = take_word(line);
  out.source = take_word(line);
  const auto scale = real(take_word(line));
  const auto range = take_number(line);
  if (!scale || !range || out.name.empty() || (kind != "counter" && kind != "gauge")) return {};
  out.scale = *scale;
  out.range = *range;
  out.assumption = "replayed from a recording";
  return out;
}

std::optional<Reading> reading_of(std::string_view line) {
  Reading out;
  const std::string_view word = take_word(line);
  if (word != "gap") {
    const auto raw = number(word);
    if (!raw) return {};
    out.set(*raw);
    return out;
  }
  const std::string_view reason = take_word(line);
  for (size_t i = 0; i < kReasons.size(); ++i) {
    if (kReasons.at(i) == reason) out.why = static_cast<ReadFailure>(i);
  }
  return out;
}

}  // namespace

std::string replay_from_environment() {
  const char* set = std::getenv(kVariable);
  return set == nullptr ? "" : set;
}

std::string recorded_line(const Sensor& sensor) {
  std::array<char, 32> scale{};
  const auto end = std::to_chars(scale.data(), scale.data() + scale.size(), sensor.scale).ptr;
  return "sensor " + sensor.name + " " + sensor.quantity + " " + sensor.unit + " " +
         std::string(name_of(sensor.kind)) + " " + sensor.domain + " " + sensor.source + " " +
         std::string(scale.data(), end) + " " + std::to_string(sensor.range);
}

std::string recorded_line(int64_t at_ns, size_t sensor, const Reading& reading) {
  const std::string begin = "sample " + std::to_string(at_ns) + " " + std::to_string(sensor) + " ";
  if (reading.ok) return begin + std::to_string(reading.raw);
  return begin + "gap " + std::string(kReasons.at(static_cast<size_t>(reading.why)));
}

Status Replay::parse(std::string_view text, Probe& probe) {
  for (size_t number = 1; !text.empty(); ++number) {
    std::string_view line = take_line(text);
    line = line.substr(0, line.find('#'));
    const std::string_view what = take_word(line);
    if (what.empty()) continue;
    const auto bad = [&] {
      return invalid_argument(path_ + ", line " + std::to_string(number) +
                              ": neither a sensor nor a sample of one");
    };
    if (what == "sensor") {
      std::optional<Sensor> sensor = sensor_of(line);
      if (!sensor) return bad();
      SensorSpec spec;
      spec.sensor = std::move(*sensor);
      spec.keeps_edges = false;  // the recording has them
      probe.sensors.push_back(std::move(spec));
      waiting_.emplace_back();
      continue;
    }
    const auto at_ns = take_number(line);
    const auto which = take_number(line);
    const std::optional<Reading> reading = reading_of(line);
    if (what != "sample" || !at_ns || !which || *which >= waiting_.size() || !reading) return bad();
    waiting_[*which].push_back({static_cast<int64_t>(*at_ns), *reading});
  }
  return {};
}

Probe Replay::probe() {
  Probe probe;
  Source source;
  source.name = "replay";
  source.energy = true;
  Status status;
  const Result<std::string> text = read_once(path_);
  status = text.ok() ? parse(*text, probe) : text.status();
  if (!status.ok()) {
    source.detail = std::string(kVariable) + ": " + status.message();
    probe.sensors.clear();
    waiting_.clear();
  } else {
    source.detail = "the sensors of " + path_ + " in place of the node's own";
    source.readable = true;
  }
  shown_.resize(probe.sensors.size());
  begin_ns_ = now_ns_();
  probe.sources.push_back(std::move(source));
  return probe;
}

void Replay::sweep(std::span<Reading> readings) {
  const int64_t now_ns = now_ns_() - begin_ns_;
  for (size_t i = 0; i < waiting_.size(); ++i) {
    std::deque<Recorded>& queue = waiting_[i];
    if (!queue.empty() && queue.front().at_ns <= now_ns) {
      shown_[i] = queue.front().reading;
      shown_[i].taken_ns = begin_ns_ + queue.front().at_ns;
      queue.pop_front();
    }
    readings[i] = shown_[i];
  }
}

}  // namespace headrace::telemetry

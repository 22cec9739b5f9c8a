#include "telemetry/pace.h"

#include <algorithm>
#include <cmath>

namespace headrace::telemetry {
namespace {

constexpr int64_t kYoung = 20;  // refreshes
constexpr int64_t kReadingsARefresh = 4;
// A device that comes and goes is not probed each time.
constexpr int64_t kBetweenProbes_ns = 60'000'000'000;
constexpr double kEwma = 1.0 / 16;
constexpr double kNs = 1e9;

// Nothing draws more, so no counter wraps sooner.
double most_w(const Sensor& sensor) { return sensor.domain == "node" ? 20'000 : 2'500; }

}  // namespace

bool Pace::is_for(const SensorSpec& spec) {
  return spec.sensor.quantity == "hw.energy" && spec.sensor.kind == SensorKind::kCounter &&
         spec.sensor.truth != Truth::kEstimated;
}

Pace::Pace(std::span<const SensorSpec> sensors, const PaceTerms& terms) : terms_(terms) {
  for (size_t i = 0; i < sensors.size(); ++i) {
    if (!is_for(sensors[i])) continue;
    counters_.push_back({i, sensors[i].period_ns, {}, false});
    const Sensor& sensor = sensors[i].sensor;
    if (sensor.range == 0) continue;
    const double half_s = 0.5 * static_cast<double>(sensor.range) * sensor.scale / most_w(sensor);
    const int64_t half_ns = std::max<int64_t>(std::llround(half_s * kNs), 1'000'000);
    wrap_ns_ = wrap_ns_ == 0 ? half_ns : std::min(wrap_ns_, half_ns);
  }
}

void Pace::swept(std::span<const Reading> readings, int64_t now_ns, int64_t cpu_ns) {
  // The first sweep opens and interns what later ones find there.
  if (sweeps_ == 1) cpu_ns_ = static_cast<double>(cpu_ns);
  if (sweeps_ > 1) cpu_ns_ += kEwma * (static_cast<double>(cpu_ns) - cpu_ns_);
  if (sweeps_++ == 0) probe_until_ns_ = now_ns + kProbe_ns;
  now_ns_ = now_ns;
  const bool closely = is_probing();
  for (Counter& counter : counters_) {
    const Reading& reading = readings[counter.reading];
    const bool is_back = reading.ok && counter.failed;
    if (is_back && now_ns > probe_until_ns_ + kBetweenProbes_ns) {
      // A driver that was loaded anew may refresh at another rate.
      for (Counter& one : counters_) one.period.forget();
      probe_until_ns_ = now_ns + kProbe_ns;
    }
    counter.failed = !reading.ok;
    counter.period.push(reading, now_ns, closely);
  }
}

bool Pace::is_probing() const {
  return now_ns_ < probe_until_ns_ &&
         std::any_of(counters_.begin(), counters_.end(),
                     [](const Counter& one) { return !one.period.is_known(); });
}

std::optional<int64_t> Pace::period_ns(size_t counter) const {
  const Counter& one = counters_[counter];
  if (const auto seen_ns = one.period.period_ns()) return seen_ns;
  return one.said_ns > 0 ? std::optional(one.said_ns) : std::nullopt;
}

int64_t Pace::step_ns(std::optional<int64_t> youngest_ns) const {
  if (terms_.fixed) return terms_.usual_ns;
  if (is_probing()) return std::min(kShortest_ns, terms_.usual_ns);
  if (!youngest_ns) return std::max(kResting_ns, terms_.usual_ns);
  int64_t step_ns = terms_.usual_ns;
  for (size_t i = 0; i < counters_.size(); ++i) {
    const int64_t period = period_ns(i).value_or(terms_.usual_ns);
    if (*youngest_ns >= kYoung * period) continue;
    step_ns = std::min(step_ns, std::max(period / kReadingsARefresh, kShortest_ns));
  }
  return step_ns;
}

int64_t Pace::step_ns(std::optional<int64_t> youngest_ns, double slowdown) const {
  const int64_t wanted_ns = step_ns(youngest_ns);
  int64_t slowed_ns = wanted_ns;
  if (!terms_.fixed) {
    const int64_t longer_ns = std::llround(slowdown * static_cast<double>(wanted_ns));
    slowed_ns = std::max(wanted_ns, std::min(kResting_ns, longer_ns));
  }
  return wrap_ns_ == 0 ? slowed_ns : std::min(slowed_ns, wrap_ns_);
}

double slowdown(double load, double budget) { return std::max(1.0, load / budget); }

}  // namespace headrace::telemetry

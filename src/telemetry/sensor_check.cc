#include "telemetry/sensor_check.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <numeric>

#include "base/clock.h"
#include "telemetry/load_response.h"
#include "telemetry/providers.h"

namespace headrace::telemetry {
namespace {

constexpr size_t kLeastChanges = 5;
constexpr double kFollows = 0.5;
// A gauge whose changes come less regularly changes when what it shows does.
constexpr double kIrregular = 0.15;
constexpr double kMoreThanEdges = 1.3;

struct Refreshes {
  std::vector<CheckedReading> changes;
  std::vector<int64_t> between_ns;
};

Refreshes refreshes_of(std::span<const CheckedReading> readings) {
  Refreshes out;
  for (size_t i = 1; i < readings.size(); ++i) {
    if (readings[i].raw == readings[i - 1].raw) continue;
    // Refreshed between two readings.
    const int64_t at_ns = readings[i - 1].at_ns + (readings[i].at_ns - readings[i - 1].at_ns) / 2;
    if (!out.changes.empty()) out.between_ns.push_back(at_ns - out.changes.back().at_ns);
    out.changes.push_back({at_ns, readings[i].raw});
  }
  return out;
}

int64_t quantile(std::vector<int64_t> values, double part) {
  const auto at =
      values.begin() + static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// Where nothing changed from one refresh to the next, two periods are one: those are left out.
void find_period(const Refreshes& seen, int64_t resolution_ns, SensorFinding& out) {
  const int64_t short_ns = quantile(seen.between_ns, 0.25);
  std::vector<int64_t> single;
  for (const int64_t one : seen.between_ns) {
    if (one < short_ns + short_ns / 2 && one > short_ns / 2) single.push_back(one);
  }
  const double mean_ns =
      std::accumulate(single.begin(), single.end(), 0.0) / static_cast<double>(single.size());
  out.period_ns = std::llround(mean_ns);
  if (mean_ns < 5 * static_cast<double>(resolution_ns)) return;
  // Each end is known to half a reading: that adds as two uniform errors.
  double variance = 0;
  for (const int64_t one : single) variance += std::pow(static_cast<double>(one) - mean_ns, 2);
  variance /= static_cast<double>(single.size());
  const double reading_ns = static_cast<double>(resolution_ns);
  variance = std::max(0.0, variance - 2 * reading_ns * reading_ns / 12);
  out.jitter = std::sqrt(variance) / mean_ns;
}

uint64_t difference(uint64_t a, uint64_t b) { return a > b ? a - b : b - a; }

double smallest_step(const Refreshes& seen, double scale) {
  uint64_t step = 0;
  for (size_t i = 1; i < seen.changes.size(); ++i) {
    step = std::gcd(step, difference(seen.changes[i].raw, seen.changes[i - 1].raw));
  }
  return static_cast<double>(step) * scale;
}

// The mean powers that it showed, each with when.
std::vector<ShownPower> powers_of(const Sensor& sensor, const Refreshes& seen, int64_t end_ns,
                                  int64_t period_ns, int64_t resolution_ns) {
  std::vector<ShownPower> out;
  const auto& changes = seen.changes;
  if (sensor.kind == SensorKind::kGauge) {
    for (size_t i = 0; i < changes.size(); ++i) {
      const int64_t until_ns = i + 1 < changes.size() ? changes[i + 1].at_ns : end_ns;
      // It was refreshed in between, and showed the same.
      for (int64_t at_ns = changes[i].at_ns; at_ns < until_ns - period_ns / 2; at_ns += period_ns) {
        out.push_back({at_ns, period_ns, static_cast<double>(changes[i].raw) * sensor.scale});
      }
    }
    return out;
  }
  // Of a fast one, several refreshes in one.
  const int64_t least_ns = period_ns < 10 * resolution_ns ? 10 * resolution_ns : 0;
  size_t from = 0;
  for (size_t i = 1; i < changes.size(); ++i) {
    const int64_t window_ns = changes[i].at_ns - changes[from].at_ns;
    if (window_ns < least_ns) continue;
    if (changes[i].raw > changes[from].raw) {
      const double joules = static_cast<double>(changes[i].raw - changes[from].raw) * sensor.scale;
      out.push_back(
          {changes[i].at_ns, window_ns, joules / (static_cast<double>(window_ns) * 1e-9)});
    }
    from = i;
  }
  return out;
}

std::string length(int64_t ns) {
  char text[32];
  const double ms = static_cast<double>(ns) * 1e-6;
  std::snprintf(text, sizeof text, ms < 1000 ? "%.3g ms" : "%.3g s", ms < 1000 ? ms : ms * 1e-3);
  return text;
}

std::string verdict_of(const SensorFinding& found, double seconds) {
  char text[256];
  if (found.changes == 0) return "did not change: nothing draws there, or it stands still";
  if (!found.period_ns && found.amplitude_w) {
    return "shows the load at once, and changes only with it: how often it refreshes cannot be "
           "told";
  }
  if (!found.period_ns) {
    std::snprintf(text, sizeof text, "changed %zu times in %.3g s: too slow to tell; look longer",
                  found.changes, seconds);
    return text;
  }
  std::string out = "refreshes every " + length(*found.period_ns);
  if (found.jitter) {
    std::snprintf(text, sizeof text, " +- %.2g %%", 100 * *found.jitter);
    out += text;
  }
  if (!found.amplitude_w) {
    return out + "; does not follow this load: it measures something else, or nothing drew there";
  }
  if (!found.duty) {
    out += "; too fast to tell whether it looks all the time";
  } else if (*found.duty < 0.9) {
    std::snprintf(text, sizeof text, "; looks at %.2g %% of the time only: the rest is assumed",
                  100 * *found.duty);
    out += text;
  } else if (found.window_ns && *found.window_ns > *found.period_ns * 3 / 2) {
    out += "; shows the mean of the last " + length(*found.window_ns);
  } else {
    out += "; looks all the time";
  }
  if (found.latency_ns && *found.latency_ns > *found.period_ns / 10) {
    out += "; shows it " + length(*found.latency_ns) + " later";
  }
  // Start and end are known to a period each: energy.md 3.7, read at both ends.
  out += "; alone it tells tasks of " + length(20 * *found.period_ns) + " and more to 5 %";
  return out;
}

}  // namespace

SensorFinding characterise(const Sensor& sensor, std::span<const CheckedReading> readings,
                           std::span<const LoadSpan> load, int64_t resolution_ns) {
  SensorFinding out;
  if (readings.empty()) {
    out.verdict = "gave no answer";
    return out;
  }
  const Refreshes seen = refreshes_of(readings);
  out.changes = seen.changes.size();
  const int64_t end_ns = readings.back().at_ns;
  const double seconds = static_cast<double>(end_ns - readings.front().at_ns) * 1e-9;
  if (out.changes >= kLeastChanges) {
    find_period(seen, resolution_ns, out);
    out.quantum = smallest_step(seen, sensor.scale);
    const std::vector<ShownPower> shown =
        powers_of(sensor, seen, end_ns, *out.period_ns, resolution_ns);
    const LoadResponse fit =
        fit_response(shown, load, *out.period_ns, resolution_ns, sensor.kind == SensorKind::kGauge);
    out.follows = fit.r_squared;
    if (fit.r_squared >= kFollows && fit.amplitude_w > 0) {
      out.base_w = fit.base_w;
      out.amplitude_w = fit.amplitude_w;
      out.latency_ns = fit.latency_ns;
      // A mean shows each edge of the load twice, in a part and then the whole.
      const bool is_regular =
          out.jitter.value_or(0)<kIrregular&& static_cast<double>(out.changes)> kMoreThanEdges * 2 *
          static_cast<double>(load.size());
      if (sensor.kind == SensorKind::kGauge && !is_regular) {
        out.period_ns.reset();
        out.jitter.reset();
      } else if (*out.period_ns >= 10 * resolution_ns) {
        out.window_ns = fit.window_ns;
        out.duty =
            std::min(1.0, static_cast<double>(fit.window_ns) / static_cast<double>(*out.period_ns));
      }
    }
  }
  out.verdict = verdict_of(out, seconds);
  return out;
}

std::vector<CheckedSensor> check_sensors(Providers providers, Load& load, int64_t duration_ns) {
  struct Post {
    std::unique_ptr<Provider> provider;
    Probe probe;
    std::vector<Reading> readings;
    std::vector<std::vector<CheckedReading>> read;
  };
  std::vector<Post> posts;
  for (std::unique_ptr<Provider>& provider : providers) {
    Post post;
    post.probe = provider->probe();
    const bool any = std::any_of(
        post.probe.sensors.begin(), post.probe.sensors.end(),
        [](const SensorSpec& spec) { return spec.sensor.unit == "J" || spec.sensor.unit == "W"; });
    if (!any) continue;
    post.readings.resize(post.probe.sensors.size());
    post.read.resize(post.probe.sensors.size());
    post.provider = std::move(provider);
    posts.push_back(std::move(post));
  }
  const int64_t begin_ns = now_monotonic_ns();
  int64_t sweeps = 0;
  while (!posts.empty() && now_monotonic_ns() - begin_ns < duration_ns) {
    load.keep(now_monotonic_ns());
    for (Post& post : posts) {
      std::fill(post.readings.begin(), post.readings.end(), Reading());
      const int64_t before_ns = now_monotonic_ns();
      post.provider->sweep(post.readings);
      const int64_t at_ns = before_ns + (now_monotonic_ns() - before_ns) / 2;
      for (size_t i = 0; i < post.readings.size(); ++i) {
        if (post.readings[i].ok) post.read[i].push_back({at_ns, post.readings[i].raw});
      }
    }
    ++sweeps;
    const timespec pause{0, 1'000'000};
    nanosleep(&pause, nullptr);
  }
  const int64_t end_ns = now_monotonic_ns();
  const std::vector<LoadSpan> spans = load.spans(end_ns);
  const int64_t resolution_ns = sweeps == 0 ? 1 : (end_ns - begin_ns) / sweeps;
  std::vector<CheckedSensor> out;
  for (const Post& post : posts) {
    for (size_t i = 0; i < post.read.size(); ++i) {
      const Sensor& sensor = post.probe.sensors[i].sensor;
      if (sensor.unit != "J" && sensor.unit != "W") continue;
      out.push_back({sensor, characterise(sensor, post.read[i], spans, resolution_ns)});
    }
  }
  return out;
}

}  // namespace headrace::telemetry

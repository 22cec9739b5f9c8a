#include "telemetry/station.h"

#include <algorithm>
#include <cstdlib>

#include "base/clock.h"
#include "capture/sample.h"
#include "model/emulated.h"

namespace headrace::telemetry {

void Station::begin(SampleBatch& batch, const Probe& probe, const Baseline& baseline,
                    const PaceTerms& terms) {
  const int64_t now_ns = now_monotonic_ns();
  pace_ = Pace(probe.sensors, terms);
  usual_ns_ = terms.usual_ns;
  due_ns_ = now_ns;
  begin_ticks_ = ticks();
  begin_ns_ = now_ns;
  const bool emulated = std::getenv("HEADRACE_LAB") != nullptr;
  channels_.reserve(probe.sensors.size());
  for (const SensorSpec& spec : probe.sensors) {
    Sensor sensor = spec.sensor;
    // The kernel's books of processes and ours of the sampler are this machine's in any case.
    const bool own = sensor.source == "proc" || sensor.source == "headrace";
    if (emulated && !own) sensor.assumption = kEmulatedAssumption;
    const bool estimate = spec.sensor.truth == Truth::kEstimated;
    channels_.push_back({capture::intern_sensor(batch.recorder(), sensor),
                         estimate ? kSampleIsEstimate : uint8_t{0}, Pace::is_for(spec),
                         ChangeFilter(spec)});
    if (spec.counts_cpu_ns) cpu_sensor_id_ = channels_.back().sensor_id;
    if (!spec.counts_cpu_ns || baseline.at_ticks == 0) continue;
    Reading first;
    first.set(baseline.cpu_ns);
    add(batch, channels_.back(), first, baseline.at_ticks, now_ns, true);
  }
  readings_.resize(channels_.size());
}

size_t Station::sweep(SampleBatch& batch, bool force, bool between) {
  if (channels_.empty()) return 0;
  std::fill(readings_.begin(), readings_.end(), Reading());
  const uint64_t before = ticks();
  between ? provider_->sweep_counters(readings_) : provider_->sweep(readings_);
  const uint64_t after = ticks();
  // No finer than 1,024 ticks, a third of a us and more, which no sweep knows: they take space.
  constexpr uint64_t kGrain_ticks = 1024;
  const uint64_t at_ticks = (before + (after - before) / 2) / kGrain_ticks * kGrain_ticks;
  const int64_t now_ns = now_monotonic_ns();
  size_t added = 0;
  for (size_t i = 0; i < channels_.size(); ++i) {
    Channel& channel = channels_[i];
    if (between && !channel.paced) continue;
    const uint64_t taken_ticks = ticks_of(channel, readings_[i].taken_ns, at_ticks, now_ns);
    added += add(batch, channel, readings_[i], taken_ticks, now_ns, force);
  }
  return added;
}

// The same for the same moment, however often it is told.
uint64_t Station::ticks_of(Channel& channel, int64_t taken_ns, uint64_t at_ticks,
                           int64_t now_ns) const {
  constexpr int64_t kLeast_ns = 10'000'000;     // over which a tick's length is known well enough
  constexpr int64_t kMost_ns = 10'000'000'000;  // what is older is no reading of now
  if (taken_ns == 0) return at_ticks;
  const int64_t ago_ns = now_ns - taken_ns;
  const int64_t known_ns = now_ns - begin_ns_;
  if (ago_ns <= 0 || ago_ns > std::min(kMost_ns, known_ns) || known_ns < kLeast_ns) return at_ticks;
  if (taken_ns == channel.taken_ns) return channel.taken_ticks;
  const double ticks_per_ns =
      static_cast<double>(at_ticks - begin_ticks_) / static_cast<double>(known_ns);
  channel.taken_ns = taken_ns;
  channel.taken_ticks =
      at_ticks - static_cast<uint64_t>(ticks_per_ns * static_cast<double>(ago_ns));
  return channel.taken_ticks;
}

double Station::load(std::optional<int64_t> youngest_ns) const {
  return pace_.cpu_ns() / static_cast<double>(pace_.step_ns(youngest_ns));
}

uint64_t Station::plan(int64_t now_ns, std::optional<int64_t> youngest_ns, double slowdown) {
  const int64_t step_ns = pace_.step_ns(youngest_ns, slowdown);
  due_ns_ += step_ns;
  slack_ns_ = step_ns / 16;
  if (due_ns_ >= now_ns) return 0;
  const int64_t missed = (now_ns - due_ns_) / step_ns;
  due_ns_ += missed * step_ns;
  return static_cast<uint64_t>(missed);
}

void Station::hasten(int64_t now_ns, std::optional<int64_t> youngest_ns, double slowdown) {
  const int64_t step_ns = pace_.step_ns(youngest_ns, slowdown);
  const int64_t wanted_ns = swept_ns_ + step_ns;
  slack_ns_ = std::min(slack_ns_, step_ns / 16);
  due_ns_ = std::min(due_ns_, std::max(now_ns, wanted_ns));
}

int64_t Station::sweep_due(SampleBatch& batch, bool force, int64_t cpu_ns) {
  swept_ns_ = now_monotonic_ns();
  // A usual sweep may come a little early.
  const bool between = !force && swept_ns_ - all_swept_ns_ < usual_ns_ - usual_ns_ / 8;
  if (!between) all_swept_ns_ = swept_ns_;
  sweep(batch, force, between);
  const int64_t cpu_now_ns = read_clock_ns(CLOCK_THREAD_CPUTIME_ID);
  pace_.swept(readings_, swept_ns_, cpu_now_ns - cpu_ns);
  return cpu_now_ns;
}

size_t Station::add(SampleBatch& batch, Channel& channel, const Reading& reading, uint64_t at_ticks,
                    int64_t now_ns, bool force) {
  Sample samples[2];
  const int count = channel.filter.push(reading, at_ticks, now_ns, force, samples);
  for (int i = 0; i < count; ++i) {
    const uint8_t gap =
        samples[i].gap ? uint8_t{kSampleIsGap} | flags_of(samples[i].why) : uint8_t{0};
    const auto flags = static_cast<uint8_t>(channel.flags | gap);
    batch.add({channel.sensor_id, flags, samples[i].at_ticks, samples[i].raw}, now_ns);
  }
  return static_cast<size_t>(count);
}

}  // namespace headrace::telemetry

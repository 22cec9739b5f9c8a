#include "telemetry/station.h"

#include <algorithm>

#include "base/clock.h"
#include "capture/sample.h"

namespace headrace::telemetry {

void Station::begin(capture::Recorder& recorder, const Probe& probe, const Baseline& baseline) {
  const int64_t now_ns = now_monotonic_ns();
  channels_.reserve(probe.sensors.size());
  for (const SensorSpec& spec : probe.sensors) {
    const bool estimate = spec.sensor.truth == Truth::kEstimated;
    channels_.push_back({capture::intern_sensor(recorder, spec.sensor),
                         estimate ? kSampleIsEstimate : uint8_t{0}, ChangeFilter(spec)});
    if (!spec.counts_cpu_ns || baseline.at_ticks == 0) continue;
    record(recorder, channels_.back(), {baseline.cpu_ns, true}, baseline.at_ticks, now_ns, true);
  }
  readings_.resize(channels_.size());
}

size_t Station::sweep(capture::Recorder& recorder, bool force) {
  if (channels_.empty()) return 0;
  std::fill(readings_.begin(), readings_.end(), Reading());
  const uint64_t before = ticks();
  provider_->sweep(readings_);
  const uint64_t after = ticks();
  const uint64_t at_ticks = before + (after - before) / 2;
  const int64_t now_ns = now_monotonic_ns();
  size_t records = 0;
  for (size_t i = 0; i < channels_.size(); ++i) {
    records += record(recorder, channels_[i], readings_[i], at_ticks, now_ns, force);
  }
  return records;
}

size_t Station::record(capture::Recorder& recorder, Channel& channel, const Reading& reading,
                       uint64_t at_ticks, int64_t now_ns, bool force) {
  Sample samples[2];
  const int count = channel.filter.push(reading, at_ticks, now_ns, force, samples);
  for (int i = 0; i < count; ++i) {
    const uint8_t gap = samples[i].gap ? kSampleIsGap : uint8_t{0};
    capture::record_sample(recorder, channel.sensor_id, samples[i].at_ticks, samples[i].raw,
                           channel.flags | gap);
  }
  return static_cast<size_t>(count);
}

}  // namespace headrace::telemetry
